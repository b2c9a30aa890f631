//! What `crossdock.toml` can say, and every way to get it wrong.

use std::path::Path;

use expect_test::{Expect, expect};

use crate::{HubConfig, LedgerPlace};

fn environment(name: &str) -> Option<String> {
    match name {
        "SHORT" => Some("short".to_owned()),
        name => name.starts_with("CROSSDOCK_KEY_").then(|| format!("key-of-{name}")),
    }
}

fn check(text: &str, expected: &Expect) {
    let mistakes = HubConfig::parse("crossdock.toml", text, Path::new("/etc/crossdock"), &environment).unwrap_err();
    expected.assert_eq(&crossdock_diag::render(mistakes.as_slice(), false));
}

#[test]
fn the_shipped_file_is_the_default() {
    let text = include_str!("../../../../crossdock.toml");
    let config = HubConfig::parse("crossdock.toml", text, Path::new("/srv"), &environment).unwrap();
    let usual = HubConfig::in_memory();
    assert_eq!(config.limits, usual.limits);
    assert_eq!(config.delivery, usual.delivery);
    assert_eq!(config.x12, usual.x12);
    assert_eq!(config.orders, usual.orders);
    assert_eq!(config.policy.approve_up_to, usual.policy.approve_up_to);
    assert_eq!(config.ledger, LedgerPlace::File("/srv/crossdock.db".into()));
    assert_eq!(config.systems["wms-east"].contract, "wms");
    assert_eq!(config.systems["supplier-acme"].contract, "supplier");
    assert!(config.systems.values().all(|system| system.key.is_some() && system.url.is_some()));
}

#[test]
fn all_wrong_values_are_said_at_once() {
    check(
        r#"listen = "7100"
ledger.path = ""
operator.key.env = "UNSET"
[systems.erp]
url = "erp.example:80"
key = { env = "A", file = "b" }
[systems.ap]
key.env = "SHORT"
[limits]
body_bytes = 0
[policy]
approve_up_to = "1e3"
facilities = ["DC-NORTH"]
"#,
        &expect![[r#"
            error[config::value]: `7100` is not an address with a port
             --> crossdock.toml:1:10
              |
            1 | listen = "7100"
              |          ^^^^^^ at `listen`
              |
              = help: for example 127.0.0.1:7100

            error[config::value]: the path is empty
             --> crossdock.toml:2:15
              |
            2 | ledger.path = ""
              |               ^^ at `ledger.path`

            error[config::value]: the environment variable UNSET is not set
             --> crossdock.toml:3:10
              |
            3 | operator.key.env = "UNSET"
              |          ^^^ at `key`
              |
              = help: set it before the start: export UNSET=…

            error[config::value]: `erp.example:80` is no http or https URL
             --> crossdock.toml:5:7
              |
            5 | url = "erp.example:80"
              |       ^^^^^^^^^^^^^^^^ at `systems.erp.url`

            error[config::value]: a key comes from exactly one place: `env` or `file`
             --> crossdock.toml:6:7
              |
            6 | key = { env = "A", file = "b" }
              |       ^^^^^^^^^^^^^^^^^^^^^^^^^ at `key`

            error[config::value]: the key is shorter than 8 characters, or has others than visible ASCII
             --> crossdock.toml:8:1
              |
            8 | key.env = "SHORT"
              | ^^^ at `key`

            error[config::value]: `limits.body_bytes` must be above 0
              --> crossdock.toml:10:14
               |
            10 | body_bytes = 0
               |              ^ at `limits.body_bytes`

            error[config::value]: `1e3` is no amount of 0 or more
              --> crossdock.toml:12:17
               |
            12 | approve_up_to = "1e3"
               |                 ^^^^^ at `policy.approve_up_to`
               |
               = help: amounts are texts, for example "10000.00"

            error[config::value]: no system has the facility `DC-NORTH`
              --> crossdock.toml:13:15
               |
            13 | facilities = ["DC-NORTH"]
               |               ^^^^^^^^^^ at `policy.facilities`

            9 errors
        "#]],
    );
}

#[test]
fn what_is_declared_about_orders_fits_the_systems() {
    check(
        r#"listen = "127.0.0.1:7100"
ledger.path = ":memory:"
[systems.commerce]
[systems.wms-east]
facility = "DC-EAST"
[orders]
max_facilities = 0
early_payment_ms = 0
destinations = [
  { country = "us", facilities = ["DC-EAST"] },
  { country = "CA", facilities = [] },
  { country = "CA", region = "QC", facilities = ["DC-EAST", "DC-EAST", "DC-NORTH"] },
]
payment.comerce = { holds = "booking", counts = "captured", due_ms = 60000 }
payment.commerce = { holds = "release", counts = "authorised", due_ms = 0 }
"#,
        &expect![[r#"
            error[config::value]: `orders.max_facilities` must be above 0
             --> crossdock.toml:7:18
              |
            7 | max_facilities = 0
              |                  ^ at `orders.max_facilities`

            error[config::value]: `orders.early_payment_ms` must be above 0
             --> crossdock.toml:8:20
              |
            8 | early_payment_ms = 0
              |                    ^ at `orders.early_payment_ms`

            error[config::value]: `us` is no country
              --> crossdock.toml:10:15
               |
            10 |   { country = "us", facilities = ["DC-EAST"] },
               |               ^^^^ at `orders.destinations`
               |
               = help: two capital letters of ISO 3166, for example "US"

            error[config::value]: no facility would serve it
              --> crossdock.toml:11:34
               |
            11 |   { country = "CA", facilities = [] },
               |                                  ^^ at `orders.destinations`

            error[config::value]: an earlier rule decides about all of CA, QC
              --> crossdock.toml:12:3
               |
            12 |   { country = "CA", region = "QC", facilities = ["DC-EAST", "DC-EAST", "DC-NORTH"] },
               |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ at `orders.destinations`
               |
               = help: the first that fits decides: put the narrower one first

            error[config::value]: `DC-EAST` is named twice
              --> crossdock.toml:12:61
               |
            12 |   { country = "CA", region = "QC", facilities = ["DC-EAST", "DC-EAST", "DC-NORTH"] },
               |                                                             ^^^^^^^^^ at `orders.destinations`

            error[config::value]: no system has the facility `DC-NORTH`
              --> crossdock.toml:12:72
               |
            12 |   { country = "CA", region = "QC", facilities = ["DC-EAST", "DC-EAST", "DC-NORTH"] },
               |                                                                        ^^^^^^^^^^ at `orders.destinations`

            error[config::value]: no system is called `comerce`
              --> crossdock.toml:14:19
               |
            14 | payment.comerce = { holds = "booking", counts = "captured", due_ms = 60000 }
               |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ at `orders.payment.comerce`
               |
               = help: did you mean `commerce`?

            error[config::value]: `orders.payment.commerce.due_ms` must be above 0
              --> crossdock.toml:15:73
               |
            15 | payment.commerce = { holds = "release", counts = "authorised", due_ms = 0 }
               |                                                                         ^ at `orders.payment.commerce.due_ms`

            9 errors
        "#]],
    );
}

#[test]
fn a_word_that_orders_do_not_know_is_named_with_its_place() {
    check(
        r#"listen = "127.0.0.1:7100"
ledger.path = ":memory:"
[orders]
split = "halves"
"#,
        &expect![[r#"
            error[config::syntax]: unknown variant `halves`, expected one of `parts`, `whole_lines`, `whole_orders`
             --> crossdock.toml:4:9
              |
            4 | split = "halves"
              |         ^^^^^^^^
        "#]],
    );
}

#[test]
fn an_unknown_key_is_named_with_what_was_meant() {
    check(
        "listen = \"127.0.0.1:0\"\nledger.path = \"x\"\n[limits]\nbody_byte = 3\n",
        &expect![[r"
        error[config::syntax]: unknown field `body_byte`, expected one of `body_bytes`, `header_bytes`, `receive_ms`, `batch_events`, `admission_queue`, `group_commit`, `streams`, `stream_tail`, `shutdown_ms`
         --> crossdock.toml:4:1
          |
        4 | body_byte = 3
          | ^^^^^^^^^
          |
          = help: did you mean `body_bytes`?
    "]],
    );
}

#[test]
fn broken_syntax_is_placed() {
    check(
        "listen = \"127.0.0.1:0\nledger.path = \"x\"\n",
        &expect![[r#"
        error[config::syntax]: invalid basic string, expected `"`
         --> crossdock.toml:1:22
          |
        1 | listen = "127.0.0.1:0
          |                      ^
    "#]],
    );
}

#[test]
fn open_to_others_needs_keys() {
    check(
        "listen = \"0.0.0.0:7100\"\nledger.path = \"x\"\n[systems.erp]\n[systems.ap]\nkey.env = \"CROSSDOCK_KEY_AP\"\n",
        &expect![[r#"
            error[config::unprotected]: 0.0.0.0:7100 is open to other machines, and no key protects the operator, system `erp`
             --> crossdock.toml:1:10
              |
            1 | listen = "0.0.0.0:7100"
              |          ^^^^^^^^^^^^^^ not a loopback address
              |
              = help: give each of them a `key`, or listen on 127.0.0.1
        "#]],
    );
}

#[test]
fn loopback_needs_none() {
    HubConfig::parse(
        "c",
        "listen = \"127.0.0.1:0\"\nledger.path = \":memory:\"\n[systems.erp]\n",
        Path::new(""),
        &environment,
    )
    .unwrap();
}

#[test]
fn a_key_is_never_shown() {
    let text = "listen = \"127.0.0.1:0\"\nledger.path = \"x\"\noperator.key.env = \"CROSSDOCK_KEY_OPERATOR\"\n";
    let config = HubConfig::parse("c", text, Path::new(""), &environment).unwrap();
    assert!(!format!("{config:?}").contains("key-of"));
}
