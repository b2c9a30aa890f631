//! What holds for every file: reading never panics, a cut file is never whole, what was written is read back.

use crossdock_model::PoLine;
use proptest::prelude::*;

use super::{envelope, moment};
use crate::documents::{Document, PurchaseOrder850};
use crate::{
    Delimiters, File, GuideChoice, Interchange, LineBreak, Segment, Set, Strictness, Terminator, check, parse, read,
    write,
};

/// Bytes that could be delimiters, the usual and the unusual.
const MARKS: [u8; 14] = *b"*|+~>:^'!\\\x1c\x1d\x1e\x85";

fn delimiters() -> impl Strategy<Value = Delimiters> {
    let line_break = prop_oneof![Just(LineBreak::None), Just(LineBreak::Lf), Just(LineBreak::CrLf)];
    (Just(MARKS.to_vec()).prop_shuffle(), any::<bool>(), line_break).prop_map(|(marks, repeats, line_break)| {
        Delimiters {
            element: marks[0],
            component: marks[1],
            repetition: repeats.then_some(marks[2]),
            terminator: Terminator::byte(marks[3]),
            line_break,
        }
    })
}

fn segments() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
    let id = "[B-F][A-Z0-9]{1,2}";
    let element = "[ -~äß€\u{1F69A}]{0,12}";
    prop::collection::vec((id, prop::collection::vec(element, 1..6)), 1..20)
}

/// An interchange with one set of these segments, without anything that its delimiters would be mistaken for.
fn interchange(delimiters: Delimiters, segments: &[(String, Vec<String>)]) -> Interchange<'_> {
    let clean = |text: &str| -> String {
        // The byte 0x85 also occurs inside UTF-8 characters: with it as a mark, text stays ASCII.
        let ascii_only = delimiters.contains(0x85);
        text.chars().filter(|c| if c.is_ascii() { !delimiters.contains(*c as u8) } else { !ascii_only }).collect()
    };
    let body = segments
        .iter()
        .map(|(id, elements)| {
            let mut texts: Vec<String> = elements.iter().map(|text| clean(text)).collect();
            texts.push("end".to_owned());
            Segment::new(id, texts)
        })
        .collect();
    let mut envelope = envelope();
    envelope.delimiters = delimiters;
    envelope.wrap(
        Vec::new(),
        vec![crate::envelope::NewGroup { functional_id: "QQ", control: 5, sets: vec![("999", body)] }],
    )
}

fn contents(set: &Set<'_>) -> Vec<(String, Vec<String>)> {
    set.segments
        .iter()
        .map(|segment| (segment.id.to_string(), segment.elements.iter().map(|e| e.text.to_string()).collect()))
        .collect()
}

/// Every finding stands inside the file.
fn places_hold(file: &File<'_>, length: usize) {
    for finding in file.findings() {
        assert!(finding.place.offset <= length, "{finding} in {length} bytes");
        assert!(!finding.message.is_empty());
    }
}

fn judge(bytes: &[u8]) {
    for strictness in [Strictness::strict(), Strictness::tolerant()] {
        let file = read(bytes, &strictness);
        places_hold(&file, bytes.len());
        let result = check(bytes, GuideChoice::Base, &strictness);
        assert!(!result.acks.codes.is_empty());
        let supplier = "supplier-acme".parse().unwrap();
        for (interchange, _, set) in file.accepted_sets() {
            if let Err(errors) = Document::read(interchange, set, &supplier) {
                assert!(!errors.is_empty(), "a refused document says why");
            }
        }
    }
}

fn order(lines: Vec<PoLine>) -> PurchaseOrder850 {
    PurchaseOrder850 {
        po_number: "PO-1".parse().unwrap(),
        ordered_at: moment(),
        currency: "EUR".parse().unwrap(),
        facility: "DC-WEST".parse().unwrap(),
        supplier: None,
        needed_by: None,
        lines,
        run_id: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_is_read_back_byte_for_byte(delimiters in delimiters(), segments in segments()) {
        let made = interchange(delimiters, &segments);
        let bytes = write(&made).unwrap();
        let file = parse(&bytes, &Strictness::strict()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        let back = &file.interchanges[0];
        prop_assert_eq!(back.delimiters, delimiters);
        prop_assert_eq!(contents(&back.groups[0].sets[0]), contents(&made.groups[0].sets[0]));
        prop_assert_eq!(write(back).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        judge(&bytes);
    }

    #[test]
    fn almost_x12_is_judged_without_panic(text in "(ISA|GS|ST|SE|GE|IEA|HL|PO1|AK[1-9]|BEG|CTT|\\*|~|>|\r?\n|[A-Z0-9 ]|\u{e9}){0,120}") {
        judge(text.as_bytes());
    }

    #[test]
    fn a_damaged_file_is_judged_without_panic(
        delimiters in delimiters(), segments in segments(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = write(&interchange(delimiters, &segments)).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        judge(&bytes);
    }

    #[test]
    fn orders_keep_every_digit(numbers in prop::collection::vec((1_u64..10_000_000_000, 0_u32..6, 0_u64..1_000_000_000, 0_u32..5), 1..30)) {
        let lines = numbers.iter().enumerate().map(|(index, &(quantity, scale, price, price_scale))| PoLine {
            line_number: u32::try_from(index + 1).unwrap(),
            product: format!("P-{index}").parse().unwrap(),
            quantity: rust_decimal::Decimal::new(quantity.try_into().unwrap(), scale).try_into().unwrap(),
            unit: "EA".parse().unwrap(),
            unit_price: rust_decimal::Decimal::new(price.try_into().unwrap(), price_scale).into(),
        }).collect();
        let order = order(lines);
        let bytes = order.write(&envelope()).unwrap();
        let file = parse(&bytes, &Strictness::strict()).unwrap();
        let set = &file.interchanges[0].groups[0].sets[0];
        let back = PurchaseOrder850::read(set).unwrap();
        let texts = |order: &PurchaseOrder850| order.lines.iter().map(|l| format!("{} {}", l.quantity, l.unit_price)).collect::<Vec<_>>();
        prop_assert_eq!(texts(&back), texts(&order));
        prop_assert_eq!(back, order);
    }
}

/// A file with everything in it: two interchanges, two groups, three sets.
const WHOLE: &[u8] = include_bytes!("../../tests/data/base/two-groups.edi");

#[test]
fn a_file_cut_anywhere_is_refused_with_a_place() {
    let whole: Vec<u8> = WHOLE.iter().copied().filter(|byte| *byte != b'\n').collect();
    assert_eq!(parse(&whole, &Strictness::strict()).map(|file| file.accepted_sets().count()), Ok(3));
    for length in 0..whole.len() {
        let errors = parse(&whole[..length], &Strictness::strict()).expect_err("a cut file is never whole");
        assert!(errors.iter().all(|error| error.place.offset <= length), "cut at {length}: {errors:?}");
        // Tolerated is a last segment without its terminator, and nothing shorter.
        let tolerant = read(&whole[..length], &Strictness::tolerant());
        let effects = tolerant.accepted_sets().count();
        assert_eq!(
            effects,
            if length + 1 == whole.len() { 3 } else { 0 },
            "cut at {length}: nothing of it may have an effect"
        );
    }
}

#[test]
fn limits_are_named() {
    let refused = |change: fn(&mut crate::Limits)| {
        let mut strictness = Strictness::tolerant();
        change(&mut strictness.limits);
        let file = read(WHOLE, &strictness);
        let all: Vec<String> = file.errors().iter().map(|error| error.message.clone()).collect();
        (all.join("\n"), file.accepted_sets().count())
    };
    let (message, effects) = refused(|limits| limits.max_bytes = 100);
    assert!(message.contains("max_bytes is 100") && effects == 0, "{message}");
    let (message, effects) = refused(|limits| limits.max_segments = 12);
    assert!(message.contains("max_segments (12)") && effects == 0, "{message}");
    let (message, effects) = refused(|limits| limits.max_elements = 3);
    assert!(message.contains("max_elements") && effects == 0, "{message}");
    let (message, effects) = refused(|limits| limits.max_element_bytes = 6);
    assert!(message.contains("max_element_bytes") && effects == 0, "{message}");
}

#[test]
fn an_element_of_a_megabyte_is_refused_and_not_kept() {
    let text = String::from_utf8_lossy(WHOLE).replace("*PO-1*", &format!("*{}*", "9".repeat(1 << 20)));
    let file = read(text.as_bytes(), &Strictness::tolerant());
    assert!(file.errors().iter().any(|error| error.message.contains("max_element_bytes")));
    assert_eq!(file.accepted_sets().count(), 2, "the other sets are not touched");
}

#[test]
fn a_known_interchange_is_refused_as_a_duplicate() {
    let mut file = read(WHOLE, &Strictness::strict());
    let key = file.interchanges[0].key();
    file.refuse_known(|other| *other == key);
    assert_eq!(file.accepted_sets().count(), 0);
    let acks = crate::acknowledge(&file, &crate::AckNumbers { interchange_control: 1, at: moment() });
    assert_eq!(acks.codes, ["TA1:R/025"]);
    assert!(acks.interchange.contains("TA1*000000007*260304*0506*R*025~"), "{}", acks.interchange);
}

/// Quadratic work would need minutes here.
#[test]
fn a_notice_of_ten_thousand_packs_is_read_in_one_pass() {
    let mut lines = vec!["HL*1**S".to_owned(), "HL*2*1*O".to_owned(), "PRF*PO-1".to_owned()];
    for pack in 0..10_000 {
        let (id, item) = (3 + pack * 2, 4 + pack * 2);
        lines.extend([
            format!("HL*{id}*2*P"),
            format!("HL*{item}*{id}*I"),
            format!("LIN*{pack}*BP*P-{pack}"),
            "SN1**1*EA".to_owned(),
        ]);
    }
    let count = lines.len() + 3;
    let body = lines.join("~");
    let text = format!(
        "ISA*00*          *00*          *ZZ*ACME           *ZZ*CROSSDOCK      *260304*0506*U*00401*000000007*0*P*>~\
         GS*SH*ACME*CROSSDOCK*20260304*0506*7*X*004010~ST*856*0001~BSN*00*A-1*20260304*0506~{body}~SE*{count}*0001~GE*1*7~IEA*1*000000007~"
    );
    let guides = super::cases::guides();
    let strictness = Strictness::strict();
    let result = check(text.as_bytes(), GuideChoice::Guides(&guides), &strictness);
    assert_eq!(result.errors, Vec::new());
    let file = read(text.as_bytes(), &strictness);
    let notice = crate::documents::ShipNotice856::read(&file.interchanges[0].groups[0].sets[0]).unwrap();
    assert_eq!(notice.orders[0].lines.len(), 10_000);
}
