//! A sales channel: captures orders, shows availability, learns what became of an order.
//!
//! Invariants: an order number keeps every digit it arrived with; a status never moves backwards; an older availability
//! never replaces a newer one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::agenda::Agenda;
use super::answer::{Answer, object_of, text_of};
use super::event::{Context, Fact};
use super::{Emission, Life, Request, System};
use crate::declaration;

/// The statuses of an order in their order. A later word is not undone by an earlier one.
const STATUSES: [&str; 14] = [
    "captured",
    "accepted",
    "awaiting_payment",
    "backordered",
    "partially_allocated",
    "allocated",
    "released",
    "cancel_requested",
    "cancel_pending",
    "partially_shipped",
    "shipped",
    "delivered",
    "closed",
    "cancelled",
];

/// The simulated sales channel.
pub struct Commerce {
    source: String,
    channel: String,
    declaration: declaration::Commerce,
    life: Life,
    numbered: u64,
    orders: BTreeMap<String, Map<String, Value>>,
    by_reference: BTreeMap<String, Vec<String>>,
    availability: BTreeMap<(String, String), Map<String, Value>>,
    agenda: Agenda<Value>,
}

impl Commerce {
    /// A channel named `system`, as declared.
    #[must_use]
    pub fn new(system: &str, declaration: &declaration::Commerce, life: Life) -> Self {
        Self {
            source: format!("/{system}"),
            channel: system.to_owned(),
            declaration: declaration.clone(),
            life,
            numbered: 0,
            orders: BTreeMap::new(),
            by_reference: BTreeMap::new(),
            availability: BTreeMap::new(),
            agenda: Agenda::default(),
        }
    }

    fn create_order(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let context = request.context.clone().with_marks_of(object_of(request)?);
        let order = object_of(request)?.clone();
        let order_id = match order.get("orderId") {
            None | Some(Value::Null) => {
                self.numbered += 1;
                format!("{}{}-{:06}", self.declaration.order_prefix, self.life.tag, self.numbered)
            }
            given => text_of(given)
                .ok_or_else(|| Answer::unprocessable("/orderId", "type", "an order number is a text or a number"))?,
        };
        if self.orders.contains_key(&order_id) {
            return Err(Answer::conflict("order-exists", &format!("order `{order_id}` was captured already")));
        }
        let mut fact = self.completed(order, &order_id, now);
        context.mark(&mut fact);
        if let Some(reference) = fact.get("customerReference").and_then(Value::as_str) {
            self.by_reference.entry(reference.to_owned()).or_default().push(order_id.clone());
        }
        self.tell(
            now,
            &format!("captured-{order_id}"),
            "order.captured.v1",
            &order_id,
            &context,
            Value::Object(fact.clone()),
        );
        fact.insert("status".into(), json!("captured"));
        let answer = Answer::created(Value::Object(fact.clone()));
        self.orders.insert(order_id, fact);
        Ok(answer)
    }

    /// The order with everything that a customer may leave to the channel filled in. What was given stays as it is.
    fn completed(&self, mut given: Map<String, Value>, order_id: &str, now: Timestamp) -> Map<String, Value> {
        let guest = &self.declaration.guest;
        let mut order = Map::new();
        order.insert("orderId".into(), json!(order_id));
        order.insert("channel".into(), given.shift_remove("channel").unwrap_or_else(|| json!(self.channel)));
        given.shift_remove("orderId");
        given.shift_remove("status");
        order.extend(given);
        order.entry("customerId").or_insert_with(|| json!(guest.customer));
        order.entry("currency").or_insert_with(|| json!(self.declaration.currency));
        order.entry("orderedAt").or_insert_with(|| json!(now.to_string()));
        order.entry("shipTo").or_insert_with(|| {
            json!({
                "name": guest.name, "street": guest.street, "city": guest.city, "region": guest.region,
                "postalCode": guest.postal_code, "country": guest.country,
            })
        });
        if let Some(Value::Array(lines)) = order.get_mut("lines") {
            for (at, line) in lines.iter_mut().filter_map(Value::as_object_mut).enumerate() {
                let mut whole = Map::new();
                whole.insert("lineNumber".into(), line.get("lineNumber").cloned().unwrap_or_else(|| json!(at + 1)));
                whole.append(line);
                let price = self.price_of(whole.get("product").and_then(Value::as_str).unwrap_or_default());
                whole.entry("unitPrice").or_insert_with(|| json!(price));
                *line = whole;
            }
        }
        total_up(&mut order);
        order
    }

    /// The list price of a product. One that is not listed is given away: a channel never refuses an order over a price.
    fn price_of(&self, product: &str) -> String {
        let listed = self.declaration.prices.iter().find(|listed| match listed.product.strip_suffix('*') {
            Some(beginning) => product.starts_with(beginning),
            None => listed.product == product,
        });
        listed.map_or_else(|| "0.00".to_owned(), |listed| listed.unit_price.decimal().to_string())
    }

    fn cancel_order(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let order_id = request.path("orderId");
        let reason = object_of(request).ok().and_then(|body| body.get("reason").cloned());
        let order = self.orders.get_mut(order_id).ok_or_else(|| Answer::unknown("order", order_id))?;
        let status = status_of(order);
        if matches!(status, "shipped" | "delivered" | "closed") {
            return Err(Answer::conflict(
                "order-shipped",
                &format!("order `{order_id}` is {status}, it can be returned"),
            ));
        }
        if matches!(status, "cancel_requested" | "cancel_pending" | "cancelled") {
            return Ok(Answer::ok(Value::Object(order.clone())));
        }
        order.insert("status".into(), json!("cancel_requested"));
        let answer = Answer::ok(Value::Object(order.clone()));
        let context = request.context.clone().with_marks_of(order);
        let mut data = Map::new();
        data.insert("orderId".into(), json!(order_id));
        if let Some(reason) = reason {
            data.insert("reason".into(), reason);
        }
        let id = format!("cancel-{order_id}");
        self.tell(now, &id, "order.cancel_requested.v1", order_id, &context, Value::Object(data));
        Ok(answer)
    }

    fn update_order_status(&mut self, request: &Request) -> Result<Answer, Answer> {
        let order_id = request.path("orderId");
        let update = object_of(request)?;
        let order = self.orders.get_mut(order_id).ok_or_else(|| Answer::unknown("order", order_id))?;
        let next = update.get("status").and_then(Value::as_str).unwrap_or_default();
        let next_rank = rank(next)
            .ok_or_else(|| Answer::unprocessable("/status", "enum", &format!("`{next}` is no status of an order")))?;
        // A second parcel adds its number and never erases the first one's; a late word about an earlier status adds nothing else.
        if let Some(Value::Array(numbers)) = update.get("trackingNumbers") {
            let known = order.entry("trackingNumbers").or_insert_with(|| json!([]));
            if let Value::Array(known) = known {
                for number in numbers {
                    if !known.contains(number) {
                        known.push(number.clone());
                    }
                }
            }
        }
        if let Some(number) = update.get("erpOrderNumber") {
            order.insert("erpOrderNumber".into(), number.clone());
        }
        // A request to cancel that came too late is over when the goods are on their way; before that it stands.
        if Some(next_rank) >= rank(status_of(order)) {
            for name in ["status", "reason", "facility"] {
                if let Some(value) = update.get(name) {
                    order.insert(name.into(), value.clone());
                }
            }
        }
        Ok(Answer::ok(Value::Object(order.clone())))
    }

    fn update_availability(&mut self, request: &Request) -> Result<Answer, Answer> {
        let product = request.path("product").to_owned();
        let update = object_of(request)?;
        let facility = update.get("facility").and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = (product.clone(), facility);
        let known = self.availability.get(&key).map_or(0, version_of);
        if version_of(update) >= known {
            let mut entry = Map::new();
            for name in ["facility", "available", "version", "asOf"] {
                if let Some(value) = update.get(name) {
                    entry.insert(name.into(), value.clone());
                }
            }
            self.availability.insert(key, entry);
        }
        Ok(self.availability_of(&product))
    }

    fn availability_of(&self, product: &str) -> Answer {
        let from = (product.to_owned(), String::new());
        let facilities: Vec<Value> = self
            .availability
            .range(from..)
            .take_while(|((of, _), _)| of == product)
            .map(|(_, entry)| Value::Object(entry.clone()))
            .collect();
        if facilities.is_empty() {
            return Answer::unknown("availability of product", product);
        }
        Answer::ok(json!({ "product": product, "facilities": facilities }))
    }

    fn find_orders(&self, request: &Request) -> Answer {
        let of = |id: &String| self.orders.get(id).map(|order| Value::Object(order.clone()));
        let orders: Vec<Value> = match request.query("customerReference") {
            Some(reference) => self.by_reference.get(reference).into_iter().flatten().filter_map(of).collect(),
            None => self.orders.keys().filter_map(of).take(100).collect(),
        };
        Answer::ok(json!({ "orders": orders }))
    }

    fn tell(&mut self, now: Timestamp, id: &str, event_type: &str, subject: &str, context: &Context, data: Value) {
        let fact = Fact {
            source: &self.source,
            id: id.to_owned(),
            event_type,
            subject,
            time: now,
            context,
            sequence: None,
            data,
        };
        self.agenda.after(now, Duration::ZERO, fact.into_cloud_event());
    }
}

impl System for Commerce {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "createOrder" => self.create_order(request, now),
            "getOrder" => {
                let order_id = request.path("orderId");
                let order = self.orders.get(order_id).map(|order| Answer::ok(Value::Object(order.clone())));
                order.ok_or_else(|| Answer::unknown("order", order_id))
            }
            "findOrders" => Ok(self.find_orders(request)),
            "cancelOrder" => self.cancel_order(request, now),
            "updateOrderStatus" => self.update_order_status(request),
            "updateAvailability" => self.update_availability(request),
            "getAvailability" => Ok(self.availability_of(request.path("product"))),
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next_due()
    }

    fn advance(&mut self, now: Timestamp) -> Vec<Emission> {
        std::iter::from_fn(|| self.agenda.pop_due(now)).map(|(_, event)| Emission::Event(event)).collect()
    }

    fn state(&self) -> Value {
        let availability: Vec<Value> = self
            .availability
            .iter()
            .map(|((product, _), entry)| {
                let mut entry = entry.clone();
                entry.insert("product".into(), json!(product));
                Value::Object(entry)
            })
            .collect();
        json!({ "orders": self.orders, "availability": availability })
    }
}

fn status_of(order: &Map<String, Value>) -> &str {
    order.get("status").and_then(Value::as_str).unwrap_or_default()
}

fn rank(status: &str) -> Option<usize> {
    STATUSES.iter().position(|known| *known == status)
}

fn version_of(entry: &Map<String, Value>) -> u64 {
    entry.get("version").and_then(Value::as_u64).unwrap_or(0)
}

/// Fills in line totals and the total where the shop left them out; figures that it gave stay as they are.
fn total_up(order: &mut Map<String, Value>) {
    let decimal = |value: Option<&Value>| value.and_then(Value::as_str).and_then(|text| text.parse::<Decimal>().ok());
    let mut total = Some(Decimal::ZERO);
    if let Some(Value::Array(lines)) = order.get_mut("lines") {
        for line in lines.iter_mut().filter_map(Value::as_object_mut) {
            if !line.contains_key("lineTotal")
                && let (Some(quantity), Some(price)) = (decimal(line.get("quantity")), decimal(line.get("unitPrice")))
                && let Some(mut sum) = quantity.checked_mul(price)
            {
                // At least the scale of the price, and never fewer digits than the product has.
                sum = sum.normalize();
                sum.rescale(sum.scale().max(price.scale()));
                line.insert("lineTotal".into(), json!(sum.to_string()));
            }
            total = total.zip(decimal(line.get("lineTotal"))).and_then(|(sum, of_line)| sum.checked_add(of_line));
        }
    }
    if let (false, Some(total)) = (order.contains_key("total"), total) {
        order.insert("total".into(), json!(total.to_string()));
    }
}
