//! Tests of the crate; cases with files stand in `tests/data/`.

mod expr;
mod lint;

fn shared<T: Send + Sync>() {}

#[test]
fn what_others_keep_is_shared_between_threads() {
    shared::<crate::Contracts>();
    shared::<crate::expr::Expr>();
    shared::<crate::expr::Template>();
}
