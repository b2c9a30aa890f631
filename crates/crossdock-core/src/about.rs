//! The one way to write down which business object an event, a delivery or an exception is about.
//! Invariant: what `of_*` writes, `parse` reads.

use crossdock_model::{
    ExceptionId, FacilityId, InvoiceNumber, MovementId, PoNumber, RecommendationId, SystemId, Text, joined,
};

use crate::OrderKey;

/// A business object, as text `kind/…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Order(OrderKey),
    Po(PoNumber),
    Recommendation(RecommendationId),
    Invoice(SystemId, InvoiceNumber),
    Facility(FacilityId),
    Movement(FacilityId, MovementId),
    Exception(ExceptionId),
}

impl About {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        Some(match kind {
            "order" => {
                let (source, id) = rest.split_once('/')?;
                Self::Order(OrderKey { source: source.parse().ok()?, id: id.parse().ok()? })
            }
            "po" => Self::Po(rest.parse().ok()?),
            "recommendation" => Self::Recommendation(rest.parse().ok()?),
            "invoice" => {
                let (supplier, number) = rest.split_once('/')?;
                Self::Invoice(supplier.parse().ok()?, number.parse().ok()?)
            }
            "facility" => Self::Facility(rest.parse().ok()?),
            "movement" => {
                let (facility, id) = rest.split_once('/')?;
                Self::Movement(facility.parse().ok()?, id.parse().ok()?)
            }
            "exception" => Self::Exception(ExceptionId(rest.parse().ok()?)),
            _ => return None,
        })
    }
}

impl About {
    /// As text.
    pub(crate) fn text(&self) -> Text {
        match self {
            Self::Order(key) => joined(&["order/", key.source.as_str(), "/", key.id.as_str()]),
            Self::Po(number) => joined(&["po/", number.as_str()]),
            Self::Recommendation(id) => joined(&["recommendation/", id.as_str()]),
            Self::Invoice(supplier, number) => joined(&["invoice/", supplier.as_str(), "/", number.as_str()]),
            Self::Movement(facility, id) => joined(&["movement/", facility.as_str(), "/", id.as_str()]),
            Self::Facility(facility) => joined(&["facility/", facility.as_str()]),
            Self::Exception(id) => format!("exception/{id}").into(),
        }
    }
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::About;

    #[test]
    fn what_is_written_is_read() {
        let all = [
            "order/commerce/A-1",
            "po/PO-1",
            "recommendation/R-1",
            "invoice/acme/I-1",
            "facility/DC",
            "movement/DC/M-1",
        ];
        for text in all {
            let read = About::parse(text).unwrap_or_else(|| panic!("{text} is read"));
            assert_eq!(read.to_string(), text);
        }
        for odd in ["", "order", "order/commerce", "invoice/acme", "movement/DC", "position/DC/P-1", "po/"] {
            assert_eq!(About::parse(odd), None, "{odd}");
        }
    }
}
