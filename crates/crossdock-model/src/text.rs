//! Texts of our own: short ones live where they are used, a longer one is shared.
//! Here: how one is made of parts. Why not `format!`: keys and ids are made for every event, and its machinery costs several times the text.

/// A text that is made once and copied often: short ones live where they are used, a longer one is shared.
pub type Text = smol_str::SmolStr;

/// Bytes of a text that is put together without an allocation of its own.
const USUAL: usize = 192;

/// The parts, one behind the other.
pub fn joined(parts: &[&str]) -> Text {
    let mut buffer = [0; USUAL];
    let mut end = 0;
    for part in parts {
        let Some(room) = buffer.get_mut(end..end + part.len()) else { return parts.concat().into() };
        room.copy_from_slice(part.as_bytes());
        end += part.len();
    }
    std::str::from_utf8(&buffer[..end]).map_or_else(|_| parts.concat().into(), Text::new)
}

/// The parts, and a number behind them.
pub fn numbered(parts: &[&str], number: u64) -> Text {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number);
    match parts {
        [only] => joined(&[only, digits]),
        [one, two] => joined(&[one, two, digits]),
        _ => joined(&[&parts.concat(), digits]),
    }
}

#[cfg(test)]
mod tests {
    use super::{joined, numbered};

    #[test]
    fn parts_stand_one_behind_the_other_however_long_they_are() {
        assert_eq!(joined(&[]), "");
        assert_eq!(joined(&["position/", "DC-Ä", "/", "P-1"]), "position/DC-Ä/P-1");
        let long = "x".repeat(150);
        assert_eq!(joined(&[&long, "/", &long]), format!("{long}/{long}"));
        assert_eq!(numbered(&["hub-"], 0), "hub-0");
        assert_eq!(numbered(&["DC-EAST", "/"], u64::MAX), "DC-EAST/18446744073709551615");
        assert_eq!(numbered(&["a", "b", "c"], 7), "abc7");
    }
}
