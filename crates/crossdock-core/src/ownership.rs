//! Ownership as it is declared: who may write which group of which object, from when until when.
//! Rules: docs/concepts/domain.md 2.2, 2.3. Here: the declaration and the question "may this system do this at that time". Not here:
//! reading it from a file (the hub does), what a fact writes (`decide/ownership.rs`).
//! Invariant: it is asked by the source time of a write, never by the hub's clock: a message that is late is judged by the roles of its
//! own day.

use std::collections::BTreeMap;

use crossdock_model::{SystemId, Timestamp};

/// A way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Make it exist.
    Create,
    /// Change it.
    Update,
    /// Add to it what its owner does not know.
    Enrich,
    /// Say the same as the owner, to be compared with it: a migration before its date.
    Shadow,
}

impl Act {
    /// The word in declarations and sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Enrich => "enrich",
            Self::Shadow => "shadow",
        }
    }
}

/// What happens to a write by a system that owns nothing of it (2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// Refused, and kept as a rejection.
    Reject,
    /// An exception that the owner accepts or refuses.
    Propose,
    /// Taken without effect.
    Ignore,
}

/// What one system may do, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// A system's id, or a pattern that ends with `*`.
    pub system: String,
    /// What it may do.
    pub may: Vec<Act>,
    /// From here on.
    pub from: Timestamp,
    /// Until just before here; open where absent.
    pub until: Option<Timestamp>,
}

impl Grant {
    fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    fn names(&self, system: &SystemId) -> bool {
        match self.system.strip_suffix('*') {
            Some(prefix) => system.as_str().len() > prefix.len() && system.as_str().starts_with(prefix),
            None => self.system == system.as_str(),
        }
    }
}

/// Attributes that one system owns at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The properties; `*` is every property that no other group of the object names.
    pub fields: Vec<String>,
    /// Who may write.
    pub grants: Vec<Grant>,
    /// What happens to a write by anyone else.
    pub otherwise: Otherwise,
}

impl Group {
    /// Whether the system may do this at that time.
    pub fn may(&self, system: &SystemId, act: Act, at: Timestamp) -> bool {
        self.grants.iter().any(|grant| grant.covers(at) && grant.may.contains(&act) && grant.names(system))
    }

    /// Whether anybody's writes are compared with the owner's at that time.
    pub fn is_shadowed(&self, at: Timestamp) -> bool {
        self.grants.iter().any(|grant| grant.covers(at) && grant.may.contains(&Act::Shadow))
    }

    /// Who owns it at that time, in the words of the declaration: `erp`, `wms-*`, or `nobody`.
    pub fn owner(&self, at: Timestamp) -> &str {
        let rank = |grant: &Grant| grant.may.iter().min().copied().filter(|act| *act != Act::Shadow);
        let in_force = self.grants.iter().filter(|grant| grant.covers(at));
        let owner = in_force.filter_map(|grant| Some((rank(grant)?, grant))).min_by_key(|(rank, _)| *rank);
        owner.map_or("nobody", |(_, grant)| grant.system.as_str())
    }
}

/// The declared owners of one partition's objects. What is not declared is judged by who plays which part alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    objects: BTreeMap<String, BTreeMap<String, Group>>,
    shadows: bool,
}

impl Ownership {
    /// Declares a group of an object; an earlier declaration of the same is replaced.
    pub fn declare(&mut self, object: impl Into<String>, group: impl Into<String>, declared: Group) {
        self.shadows |= declared.grants.iter().any(|grant| grant.may.contains(&Act::Shadow));
        self.objects.entry(object.into()).or_default().insert(group.into(), declared);
    }

    /// True where a migration is declared whose next owner is compared with the owner.
    pub fn has_shadows(&self) -> bool {
        self.shadows
    }

    /// A group, if it is declared.
    pub fn group(&self, object: &str, group: &str) -> Option<&Group> {
        self.objects.get(object)?.get(group)
    }

    /// The group that a property of an object belongs to, with its name.
    pub fn group_of(&self, object: &str, property: &str) -> Option<(&str, &Group)> {
        let groups = self.objects.get(object)?;
        let named = |name: &str| groups.iter().find(|(_, group)| group.fields.iter().any(|field| field == name));
        named(property).or_else(|| named("*")).map(|(name, group)| (name.as_str(), group))
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Grant, Group, Otherwise, Ownership};
    use crossdock_model::{SystemId, Timestamp};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn migrated() -> Group {
        let grant = |system: &str, may: &[Act], from: &str, until: Option<&str>| Grant {
            system: system.to_owned(),
            may: may.to_vec(),
            from: at(from),
            until: until.map(at),
        };
        Group {
            fields: vec!["*".to_owned()],
            grants: vec![
                grant("erp", &[Act::Create], "2026-01-01T00:00:00Z", Some("2026-03-01T00:00:00Z")),
                grant("wms-*", &[Act::Shadow], "2026-02-01T00:00:00Z", Some("2026-03-01T00:00:00Z")),
                grant("wms-*", &[Act::Create], "2026-03-01T00:00:00Z", None),
            ],
            otherwise: Otherwise::Reject,
        }
    }

    #[test]
    fn the_roles_change_at_the_first_instant_of_the_day() {
        let (group, erp, wms): (_, SystemId, SystemId) =
            (migrated(), "erp".parse().unwrap(), "wms-east".parse().unwrap());
        let (last, first) = (at("2026-02-28T23:59:59.999Z"), at("2026-03-01T00:00:00Z"));
        assert!(group.may(&erp, Act::Create, last) && !group.may(&erp, Act::Create, first));
        assert!(!group.may(&wms, Act::Create, last) && group.may(&wms, Act::Create, first));
        assert!(group.is_shadowed(last) && !group.is_shadowed(first));
        assert_eq!((group.owner(last), group.owner(first)), ("erp", "wms-*"));
        assert_eq!(group.owner(at("2025-01-01T00:00:00Z")), "nobody");
    }

    #[test]
    fn a_pattern_names_no_system_that_is_only_its_prefix() {
        let wms: SystemId = "wms-".parse().unwrap();
        assert!(!migrated().may(&wms, Act::Create, at("2026-04-01T00:00:00Z")));
    }

    #[test]
    fn a_property_that_no_group_names_belongs_to_the_rest() {
        let mut ownership = Ownership::default();
        ownership.declare("product", "master", migrated());
        ownership.declare("product", "presentation", Group { fields: vec!["media".to_owned()], ..migrated() });
        assert_eq!(ownership.group_of("product", "media").map(|(name, _)| name), Some("presentation"));
        assert_eq!(ownership.group_of("product", "name").map(|(name, _)| name), Some("master"));
        assert_eq!(ownership.group_of("price", "unitPrice"), None);
    }
}
