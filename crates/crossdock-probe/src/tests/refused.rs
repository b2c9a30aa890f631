//! What a scenario may not do in an environment.

use expect_test::{Expect, expect};

use super::{SYNTHETIC, contracts, environment, scenario};
use crate::lint;

const STEPS: &str = "steps:
  - {arm: accepted, from: hub, event: order.accepted.v1, key: {of: .id, equals: x}}
  - {arm: confirmed, from: hub, event: order.confirmed.v1, key: {of: .id, equals: x}, system: supplier-acme}
  - {await: accepted, within: 10s}
  - {await: confirmed, within: 10s}
";

fn check(head: &str, more: &str, world: &str, scheduled: bool, expected: &Expect) {
    let found = lint(&scenario(&format!("{head}{STEPS}{more}")), &contracts(), &environment(world), scheduled);
    let lines: Vec<String> = found
        .iter()
        .map(|result| {
            format!(
                "{} line {}: {}\n",
                result.rule.as_deref().unwrap(),
                result.line.unwrap(),
                result.message.as_deref().unwrap()
            )
        })
        .collect();
    expected.assert_eq(&lines.concat());
}

const SYSTEMS: &str =
    "systems: {shop: {url: \"http://127.0.0.1:1\", financial: true}, supplier-acme: {url: \"http://127.0.0.1:1\"}}\n";

#[test]
fn nothing_is_awaited_from_a_sink() {
    let world = format!("class: test\n{SYSTEMS}synthetic: {{shop: sink, supplier-acme: sink}}\n");
    check(
        SYNTHETIC,
        "",
        &world,
        false,
        &expect![[r"
            probe::await_on_sink line 7: `accepted` waits for `order.accepted.v1`, which `shop` must cause; in environment `here` it keeps synthetic messages unanswered
            probe::await_on_sink line 8: `confirmed` waits for `order.confirmed.v1`, which `supplier-acme` must cause; in environment `here` it keeps synthetic messages unanswered
        "]],
    );
    // What is not synthetic is answered as ever.
    check("", "", &world, false, &expect![""]);
}

#[test]
fn production_takes_synthetic_transactions_with_declared_modes_only() {
    check(
        "",
        "",
        &format!("class: production\n{SYSTEMS}synthetic: {{shop: real}}\n"),
        false,
        &expect![[r"
            probe::not_synthetic line 1: environment `here` is production, and the scenario does not mark its messages: declare `synthetic:`
            probe::real_financials line 1: `shop` keeps real books: in production it takes synthetic messages as `sink` or `stand_in` only
            probe::mode_undeclared line 1: what `supplier-acme` makes of synthetic messages is not declared: write `synthetic: {supplier-acme: real | sink | stand_in}` in environment `here`
        "]],
    );
    check(
        SYNTHETIC,
        "",
        &format!("class: production\n{SYSTEMS}synthetic: {{shop: stand_in, supplier-acme: real}}\n"),
        false,
        &expect![""],
    );
}

#[test]
fn a_schedule_that_its_own_time_outs_overrun_is_refused() {
    let world = format!("class: test\n{SYSTEMS}");
    check(
        "",
        "",
        &world,
        true,
        &expect!["probe::no_schedule line 1: the scenario declares no `probe:`, so nothing says how often to run it\n"],
    );
    check(
        "",
        "probe: {every: 15s}\n",
        &world,
        true,
        &expect![
            "probe::overrun line 1: by its own time-outs a run may take 20s, and one begins every 15s: a longer `every`, or shorter `within`\n"
        ],
    );
    check("", "probe: {every: 20s}\n", &world, true, &expect![""]);
}
