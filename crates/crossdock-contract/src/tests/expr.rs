//! Expressions: what they mean, and what a person sees who got one wrong.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::expr::{Expr, Template, Terms};

fn terms() -> Terms {
    ["onHand", "quantity", "total"].into_iter().collect()
}

fn context() -> Value {
    serde_json::from_str(
        r#"{"status": 201, "id": 820982911946154508, "total": "403.00", "price": 403.00, "note": "2.0",
            "body": {"lines": [{"product": "P-100", "quantity": "2.0"}, {"product": "P-200", "quantity": "10"}],
                     "state": "open", "gone": null, "odd name": 1}}"#,
    )
    .unwrap()
}

/// One line: how it was evaluated, what it reads, what it yields.
fn check(text: &str, expected: &Expect) {
    let actual = match Expr::parse_with(text, &terms()) {
        Ok(expr) => {
            let how = if expr.is_simple() { "simple" } else { "jq" };
            let value = expr.eval(&context()).map_or_else(|error| format!("error: {error}"), |value| value.to_string());
            format!("{how} {:?} => {value}", expr.roots())
        }
        Err(error) => {
            let marked = text.get(error.offset..error.offset + error.len).unwrap_or("?");
            let help = error.help.map(|help| format!(" | help: {help}")).unwrap_or_default();
            format!("at {} `{marked}`: {}{help}", error.offset, error.message)
        }
    };
    expected.assert_eq(&actual);
}

#[test]
fn simple_forms_are_native() {
    check(".status == 201", &expect![[r#"simple [".status"] => true"#]]);
    check(".body.state == \"open\" and .status < 300", &expect![[r#"simple [".body.state", ".status"] => true"#]]);
    check(
        "(.status == 500 or .body.lines[0].product == \"P-100\") and .body.lines[-1].product != \"P-100\"",
        &expect![[r#"simple [".body.lines", ".status"] => true"#]],
    );
    check(".body.\"odd name\" >= 1", &expect![[r#"simple [".body.\"odd name\""] => true"#]]);
    check(".body.gone.deeper == null", &expect![[r#"simple [".body.gone.deeper"] => true"#]]);
    check(".body.lines[7].product", &expect![[r#"simple [".body.lines"] => null"#]]);
    check(".id", &expect![[r#"simple [".id"] => 820982911946154508"#]]);
    check(".id == 820982911946154507", &expect![[r#"simple [".id"] => false"#]]);
}

#[test]
fn bound_properties_compare_as_decimals() {
    check(".body.lines[0].quantity == 2", &expect![[r#"simple [".body.lines"] => true"#]]);
    check(".body.lines[0].quantity < .body.lines[1].quantity", &expect![[r#"simple [".body.lines"] => true"#]]);
    check(".total == \"403\"", &expect![[r#"simple [".total"] => true"#]]);
    check(".note == \"2\"", &expect![[r#"simple [".note"] => false"#]]);
    check(".note == 2", &expect![[r#"simple [".note"] => false"#]]);
}

#[test]
fn the_rest_is_jq() {
    check("(.body.lines | length) == 2", &expect![[r#"jq [".body.lines"] => true"#]]);
    check(".body.lines | map(.product)", &expect![[r#"jq [".body.lines"] => ["P-100","P-200"]"#]]);
    check(
        "[.body.lines[] | select(.quantity == \"10\") | .product] | first",
        &expect![[r#"jq [".body.lines"] => "P-200""#]],
    );
    check("{id, price}", &expect![[r#"jq [".id", ".price"] => {"id":820982911946154508,"price":403.00}"#]]);
    check(
        ".body.lines[] | .product",
        &expect![[
            r#"jq [".body.lines"] => error: the expression yields several values; `[…]` collects them, `all(…)` or `any(…)` judges them"#
        ]],
    );
    check(
        ".body.lines[] | select(false)",
        &expect![[r#"jq [".body.lines"] => error: the expression yields no value; `// null` would give it one"#]],
    );
    check("any(.body.lines[]; .product == \"P-200\")", &expect![[r#"jq [".body.lines"] => true"#]]);
    check("\"order \\(.id)\"", &expect![[r#"jq [".id"] => "order 820982911946154508""#]]);
    check(".body.missing // \"none\"", &expect![[r#"jq [".body.missing"] => "none""#]]);
    check(".status as $s | .body.lines | length + $s", &expect![[r#"jq [".body.lines", ".status"] => 203"#]]);
    check(".body.state | test(\"^o\")", &expect![[r#"jq [".body.state"] => true"#]]);
}

#[test]
fn failures_name_the_step() {
    check(
        ".status.code",
        &expect![[r#"simple [".status.code"] => error: `.status` is a number, so `.code` cannot be read from it"#]],
    );
    check(
        ".body.lines.product == 1",
        &expect![[
            r#"simple [".body.lines.product"] => error: `.body.lines` is a list, so `.product` cannot be read from it"#
        ]],
    );
    check(".body.state + 1", &expect![[r#"jq [".body.state"] => error: cannot calculate "open" + 1"#]]);
}

#[test]
fn mistakes_point_into_the_text() {
    check(
        "",
        &expect![
            "at 0 ``: the expression is empty | help: a path such as `.body.status`, or a comparison such as `.status == 201`"
        ],
    );
    check(
        ".status = 201",
        &expect![
            "at 0 `.status = 201`: `=` changes its input, and is never false | help: a comparison is written `==`, a change `|=`"
        ],
    );
    check(
        ".status === 201",
        &expect!["at 8 `===`: `===` cannot stand here: the end, or an operator such as `==` or `and` is expected"],
    );
    check(
        "status == 201",
        &expect![[
            r#"at 0 `status`: there is no function `status` | help: is it a field? then write `.status`; a text stands in double quotes: `"status"`"#
        ]],
    );
    check(
        ".status == 'open'",
        &expect![[
            r#"at 11 `'`: `'` does not begin a string here | help: jq's strings stand in double quotes: `.status == "open"`"#
        ]],
    );
    check(".status == 201 && .id", &expect!["at 15 `&`: `&` is no operator | help: write `and`"]);
    check(
        ".status == 201 || .id",
        &expect![
            "at 15 `||`: `||` cannot stand here: the end, or an operator such as `==` or `and` is expected | help: write `or`"
        ],
    );
    check("(.status", &expect!["at 0 `(`: this `(` is never closed | help: add `)`"]);
    check(
        ".body.lines | lenght",
        &expect!["at 14 `lenght`: there is no function `lenght` | help: did you mean `length`?"],
    );
    check(".body.", &expect!["at 6 ``: the expression ends too early: a name or `[…]` is missing"]);
    check(
        ".status ==",
        &expect!["at 10 ``: the expression ends too early: a path, a literal or a function is missing"],
    );
    check(
        "$ENV.HOME",
        &expect![
            "at 0 `$ENV`: there is no variable `$ENV` | help: variables are bound in the expression itself (`.a as $x | …`); the run's own stand under `.vars`"
        ],
    );
    check(
        "now > 1",
        &expect![
            "at 0 `now`: there is no function `now` | help: an expression knows nothing but its input: give it what it needs under `vars`"
        ],
    );
    check(
        "env.HOME",
        &expect![
            "at 0 `env`: there is no function `env` | help: an expression knows nothing but its input: give it what it needs under `vars`"
        ],
    );
    check(
        "input",
        &expect![
            "at 0 `input`: there is no function `input` | help: an expression knows nothing but its input: give it what it needs under `vars`"
        ],
    );
    check(
        "def f: f; f",
        &expect![
            "at 4 `f`: an expression defines no functions | help: write it out, or capture the parts in earlier steps"
        ],
    );
    check(
        "reduce .body.lines[] as $l (0; . + 1)",
        &expect![
            "at 0 `reduce`: `reduce` may not be used: an expression must be sure to end | help: `map(…) | add` sums, `all(…)` and `any(…)` judge"
        ],
    );
    check(
        "repeat(.)",
        &expect![
            "at 0 `repeat`: there is no function `repeat` | help: an expression must be sure to end: `map(…)`, `any(…)` and `all(…)` do"
        ],
    );
    check(
        "[range(1000000000)]",
        &expect![
            "at 1 `range`: `range` takes plain numbers up to 10000 | help: `.lines | length` counts, `.lines | to_entries` numbers"
        ],
    );
    check(
        "\"x\" * 1000000000",
        &expect![[
            r#"at 0 `"x" * 1000000000`: both sides of `*` must plainly be numbers | help: write `(.a | tonumber) * 2`; objects are merged by `+`"#
        ]],
    );
    check("(.status | tonumber) * 2", &expect![[r#"jq [".status"] => 402"#]]);
    check(
        ".. |= [.]",
        &expect!["at 0 `.. |= [.]`: `.. |= …` may not be used: it need not end | help: name the paths to update"],
    );
    check(
        "import \"a\" as a; .",
        &expect![[r#"at 7 `"a"`: `"a"` cannot stand here: the end, or an operator such as `==` or `and` is expected"#]],
    );
    check(
        &"(".repeat(100),
        &expect!["at 48 `(`: brackets nest deeper than 48 | help: capture parts of it in earlier steps"],
    );
}

#[test]
fn arithmetic_on_decimals_is_known() {
    let inexact = |text: &str| Expr::parse_with(text, &terms()).unwrap().inexact().join(",");
    assert_eq!(inexact("[.body.lines[].quantity | tonumber] | add"), "quantity");
    assert_eq!(inexact("(.total | tonumber) + 1 == 404"), "total");
    assert_eq!(inexact(".total == \"403.00\" and .status + 1 == 202"), "");
}

#[test]
fn templates_keep_types_and_literals() {
    let render = |text: &str| match Template::parse(text) {
        Ok(template) => match template.render(&context()) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        },
        Err(error) => format!("at {}: {}", error.offset, error.message),
    };
    assert_eq!(render("plain"), "\"plain\"");
    assert_eq!(render("${.price}"), "403.00");
    assert_eq!(render("/orders/${.id}?x=${.total}"), "\"/orders/820982911946154508?x=403.00\"");
    assert_eq!(render("$${.id}"), "\"${.id}\"");
    assert_eq!(render("${{a: \"}\"} | .a}"), "\"}\"");
    assert_eq!(render("x${.body.gone}"), "error: `.body.gone` is null, and a text is needed");
    assert_eq!(render("${.body.gone}"), "null");
    assert_eq!(render("é ${.id"), "at 3: this `${` is never closed");
    assert_eq!(
        render("é ${.id ==}"),
        "at 11: the expression ends too early: a path, a literal or a function is missing"
    );
    assert_eq!(Template::parse("${.a.b} ${.c | .d}").unwrap().roots(), [".a.b", ".c"]);
    assert_eq!(json!(Template::parse("a").unwrap().is_literal()), json!(true));
}
