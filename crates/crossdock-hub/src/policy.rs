//! From the configuration to the policy that the core decides by.
//! Here: who plays which part, by the contract that each system keeps. Not here: reading the file.

use std::collections::BTreeMap;
use std::time::Duration;

use crossdock_contract::ownership as declared;
use crossdock_core::master::MasterPolicy;
use crossdock_core::ownership::{Act, Grant, Group, Otherwise, Ownership};
use crossdock_core::{Policy, Purchasing, TargetPolicy, VarianceLimits};
use crossdock_model::{Amount, Currency, FacilityId, ProductId, Quantity, SystemId, Timestamp};

use crate::HubError;
use crate::config::{HubConfig, MasterDataConfig, PurchasingConfig, StockConfig, SystemConfig};

/// The policy that a configuration declares.
pub(crate) fn policy(config: &HubConfig, declared: &declared::Ownership) -> Result<Policy, HubError> {
    let mut policy = Policy {
        erp: only(config, "erp")?,
        procurement: only(config, "procurement")?,
        ap: only(config, "ap")?,
        facilities: facilities(config)?,
        storefronts: Vec::new(),
        targets: BTreeMap::new(),
        safety_stock: BTreeMap::new(),
        approval_limit: parse::<Amount>("policy.approve_up_to", &config.policy.approve_up_to)?,
        release_before_booking: config.policy.release_before_booking,
        orders: config.orders.clone(),
        reserved_prefix: config.policy.reserved_prefix.clone(),
        decision_due_ms: ms(config.policy.decision_due),
        keep_closed_ms: Some(ms(config.policy.keep_closed)),
        ownership: ownership(declared)?,
        purchasing: purchasing(&config.purchasing)?,
        master: master(&config.master_data),
        shadow_window_ms: ms(config.master_data.shadow_window),
        ..stock(&config.stock)?
    };
    for (id, system) in &config.systems {
        let id = parse::<SystemId>("systems", id)?;
        if system.contract == "commerce" {
            policy.storefronts.push(id.clone());
        }
        if system.url.is_some() {
            policy.targets.insert(id, target(config));
        }
    }
    for (product, quantity) in &config.policy.safety_stock {
        let product = parse::<ProductId>("policy.safety_stock", product)?;
        policy.safety_stock.insert(product, parse::<Quantity>("policy.safety_stock", quantity)?);
    }
    config.declared.declare(&mut policy);
    Ok(policy)
}

/// `ownership.yaml`, in the terms of the core. A day begins at midnight UTC.
fn ownership(declared: &declared::Ownership) -> Result<Ownership, HubError> {
    let day = |text: &str| -> Result<Timestamp, HubError> {
        let date = text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
        let day = date.map_err(|error| HubError::Config(format!("`{text}` in ownership.yaml is no day: {error}")))?;
        Ok(day.timestamp())
    };
    let grant = |grant: &declared::Grant| -> Result<Grant, HubError> {
        Ok(Grant {
            system: grant.system.clone(),
            may: grant.may.iter().map(|act| self::act(*act)).collect(),
            from: day(&grant.from)?,
            until: grant.until.as_deref().map(day).transpose()?,
        })
    };
    let mut ownership = Ownership::default();
    for object in &declared.objects {
        for group in &object.groups {
            let grants: Result<Vec<Grant>, HubError> = group.grants.iter().map(grant).collect();
            let otherwise = match group.otherwise {
                declared::Otherwise::Reject => Otherwise::Reject,
                declared::Otherwise::Propose => Otherwise::Propose,
                declared::Otherwise::Ignore => Otherwise::Ignore,
            };
            let fields = group.fields.clone();
            ownership.declare(&object.object, &group.group, Group { fields, grants: grants?, otherwise });
        }
    }
    Ok(ownership)
}

fn act(act: declared::Act) -> Act {
    match act {
        declared::Act::Create => Act::Create,
        declared::Act::Update => Act::Update,
        declared::Act::Enrich => Act::Enrich,
        declared::Act::Shadow => Act::Shadow,
    }
}

fn master(config: &MasterDataConfig) -> MasterPolicy {
    MasterPolicy {
        strict: config.strict,
        max_age_ms: ms(config.max_age),
        max_age_by_feed_ms: config.max_age_of.iter().map(|(feed, age)| (feed.clone(), ms(*age))).collect(),
        ahead_ms: ms(config.ahead),
        past_ms: ms(config.past),
    }
}

fn purchasing(config: &PurchasingConfig) -> Result<Purchasing, HubError> {
    let currency = |code: &String| parse::<Currency>("purchasing.currencies", code);
    Ok(Purchasing {
        receipt_tolerance_percent: parse("purchasing.receipt_tolerance_percent", &config.receipt_tolerance_percent)?,
        accept_reduction_percent: parse("purchasing.accept_reduction_percent", &config.accept_reduction_percent)?,
        price_tolerance_percent: parse("purchasing.price_tolerance_percent", &config.price_tolerance_percent)?,
        invoice_tolerance_percent: parse("purchasing.invoice_tolerance_percent", &config.invoice_tolerance_percent)?,
        currencies: config.currencies.iter().map(currency).collect::<Result<_, _>>()?,
        allowances_ms: config.allowances.iter().map(|(step, time)| (*step, ms(*time))).collect(),
        clock_uncertainty_ms: ms(config.clock_uncertainty),
    })
}

/// What the declaration of stock says; the rest is as usual.
fn stock(config: &StockConfig) -> Result<Policy, HubError> {
    let cost = |(product, cost): (&String, &String)| {
        Ok((parse::<ProductId>("stock.unit_costs", product)?, parse::<Amount>("stock.unit_costs", cost)?))
    };
    let quantity = |key, value: &Option<String>| value.as_deref().map(|text| parse::<Quantity>(key, text)).transpose();
    Ok(Policy {
        sequences: config.numbered.iter().map(|name| parse("stock.numbered", name)).collect::<Result<_, _>>()?,
        hold_back_ms: ms(config.hold_back),
        history_ms: ms(config.history),
        variance: VarianceLimits {
            quantity: quantity("stock.variance.quantity", &config.variance_quantity)?,
            percent: quantity("stock.variance.percent", &config.variance_percent)?,
            value: config.variance_value.as_deref().map(|text| parse("stock.variance.value", text)).transpose()?,
        },
        unit_costs: config.unit_costs.iter().map(cost).collect::<Result<_, HubError>>()?,
        ..Policy::default()
    })
}

/// The one system that keeps a contract, if there is one.
fn only(config: &HubConfig, contract: &str) -> Result<Option<SystemId>, HubError> {
    let mut all = config.systems.iter().filter(|(_, system)| system.contract == contract).map(|(id, _)| id);
    let first = all.next();
    if let (Some(first), Some(second)) = (first, all.next()) {
        return Err(HubError::Config(format!(
            "`{first}` and `{second}` both keep the contract `{contract}`; there is one {contract}"
        )));
    }
    first.map(|id| parse("systems", id)).transpose()
}

/// Facilities in the declared order, then the others by their system.
fn facilities(config: &HubConfig) -> Result<Vec<(FacilityId, SystemId)>, HubError> {
    let rank = |system: &SystemConfig| {
        let place = |facility: &String| config.policy.facilities.iter().position(|name| name == facility);
        system.facility.as_ref().and_then(place).unwrap_or(usize::MAX)
    };
    let mut systems: Vec<(&String, &SystemConfig)> = config.systems.iter().collect();
    systems.sort_by_key(|(id, system)| (rank(system), *id));
    let mut facilities: Vec<(FacilityId, SystemId)> = Vec::new();
    for (id, system) in systems {
        let Some(name) = &system.facility else { continue };
        let facility = parse::<FacilityId>("facility", name)?;
        if let Some((_, other)) = facilities.iter().find(|(known, _)| *known == facility) {
            return Err(HubError::Config(format!("`{other}` and `{id}` both run the facility `{facility}`")));
        }
        facilities.push((facility, parse("systems", id)?));
    }
    Ok(facilities)
}

fn target(config: &HubConfig) -> TargetPolicy {
    let delivery = &config.delivery;
    TargetPolicy {
        max_in_flight: delivery.in_flight,
        retry_base_ms: ms(delivery.retry_base),
        retry_cap_ms: ms(delivery.retry_cap),
        max_attempts: delivery.max_attempts,
        give_up_after_ms: delivery.give_up_after.map(ms),
        breaker_failures: delivery.breaker_failures,
        breaker_base_ms: ms(delivery.breaker_base),
        breaker_cap_ms: ms(delivery.breaker_cap),
        ..TargetPolicy::default()
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(key: &str, text: &str) -> Result<T, HubError> {
    text.parse().map_err(|error| HubError::Config(format!("`{text}` at `{key}`: {error}")))
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::ownership;
    use crossdock_contract::ownership as declared;
    use crossdock_core::ownership::Act;
    use crossdock_model::{SystemId, Timestamp};
    use serde_json::json;

    fn migration(until: &str) -> declared::Ownership {
        let grants = json!([
            { "system": "erp", "may": ["create"], "from": "2026-01-01", "until": until },
            { "system": "wms-*", "may": ["shadow"], "from": "2026-11-01", "until": until },
            { "system": "wms-*", "may": ["create"], "from": until },
        ]);
        let group = json!({ "group": "stock-movement", "fields": ["*"], "grants": grants, "otherwise": "reject" });
        let objects = json!([{ "object": "movement", "groups": [group] }]);
        serde_json::from_value(json!({ "crossdock": 1, "objects": objects })).unwrap()
    }

    #[test]
    fn a_day_of_ownership_yaml_begins_at_midnight_utc() {
        let ownership = ownership(&migration("2026-12-01")).unwrap();
        let group = ownership.group("movement", "stock-movement").unwrap();
        let (erp, wms): (SystemId, SystemId) = ("erp".parse().unwrap(), "wms-east".parse().unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (last, first) = (at("2026-11-30T23:59:59.999999999Z"), at("2026-12-01T00:00:00Z"));
        assert!(group.may(&erp, Act::Create, last) && group.may(&wms, Act::Shadow, last));
        assert!(!group.may(&wms, Act::Create, last));
        assert!(group.may(&wms, Act::Create, first) && !group.may(&wms, Act::Shadow, first));
        assert!(!group.may(&erp, Act::Create, first));
        assert!(ownership.has_shadows());
    }

    #[test]
    fn what_is_no_day_is_said_by_name() {
        let error = ownership(&migration("2026-13-01")).unwrap_err().to_string();
        assert!(error.contains("`2026-13-01` in ownership.yaml is no day"), "{error}");
    }
}
