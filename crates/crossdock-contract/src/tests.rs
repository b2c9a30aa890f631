//! Tests of the crate; cases with files stand in `tests/data/`.

mod acceptance;
mod check;
mod diff;
mod expr;
mod lint;
mod props;

fn shared<T: Send + Sync>() {}

#[test]
fn what_others_keep_is_shared_between_threads() {
    shared::<crate::Contracts>();
    shared::<crate::expr::Expr>();
    shared::<crate::expr::Template>();
}
