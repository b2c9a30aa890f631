//! How an order stands, in one line and one for each of its lines.

use std::fmt::Write as _;

use serde_json::Value;

use super::World;

impl World {
    /// `look: {order: A}`.
    pub(super) fn look_at_order(&mut self, id: &Value) {
        let id = super::id(id.as_str().expect("an order"));
        let order = self.partition.state().order_by_id(&id).expect("a known order");
        let mut text = format!("order {}: {}\n", order.key.id, order.status().as_str());
        for line in &order.lines {
            writeln!(
                text,
                "  line {} of {}: ordered {}, allocated {:?}, released {:?}, shipped {}, backordered {}, cancelled {}, over {}",
                line.number,
                line.product,
                line.ordered,
                line.allocated,
                line.released,
                line.shipped,
                line.backordered,
                line.cancelled,
                line.over_shipped,
            )
            .unwrap();
        }
        self.text.push_str(&text);
    }
}
