//! An ERP: financial orders, purchase orders, postings, prices, suppliers, and item availability from its own books.
//!
//! It numbers whatever it is asked to create: a second request for the same order under another idempotency key makes a
//! second order, as it does in the real ones. That is what the look-ups are for, and what proves that nobody asked twice.
//! Invariant: a synthetic posting is kept apart and moves no balance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::answer::{Answer, object_of};
use super::{Emission, Life, Request, System};
use crate::declaration;

/// What postings are looked up by.
const POSTING_KEYS: [&str; 3] = ["movementId", "poNumber", "orderId"];
/// So many are shown when a look-up names nothing.
const SHOWN: usize = 100;

/// The simulated ERP.
pub struct Erp {
    declaration: declaration::Erp,
    life: Life,
    numbered: u64,
    orders: BTreeMap<String, Map<String, Value>>,
    orders_by_id: BTreeMap<String, Vec<String>>,
    purchase_orders: BTreeMap<String, Map<String, Value>>,
    by_recommendation: BTreeMap<String, Vec<String>>,
    postings: Vec<Map<String, Value>>,
    /// Places in `postings` by parameter and value: the look-ups of a long run must not read all of it.
    postings_by: BTreeMap<(&'static str, String), Vec<usize>>,
    balances: BTreeMap<(String, String), Decimal>,
}

impl Erp {
    /// An ERP as declared.
    #[must_use]
    pub fn new(declaration: &declaration::Erp, life: Life) -> Self {
        let mut erp = Self {
            declaration: declaration.clone(),
            life,
            numbered: 0,
            orders: BTreeMap::new(),
            orders_by_id: BTreeMap::new(),
            purchase_orders: BTreeMap::new(),
            by_recommendation: BTreeMap::new(),
            postings: Vec::new(),
            postings_by: BTreeMap::new(),
            balances: BTreeMap::new(),
        };
        for opening in &declaration.opening {
            erp.balances.insert((opening.product.clone(), opening.facility.clone()), opening.on_hand.decimal());
        }
        erp
    }

    fn number(&mut self, prefix: &str) -> String {
        self.numbered += 1;
        format!("{prefix}{}-{:06}", self.life.tag, self.numbered)
    }

    fn create_order(&mut self, request: &Request) -> Result<Answer, Answer> {
        let mut order = object_of(request)?.clone();
        request.context.mark(&mut order);
        let number = self.number(&self.declaration.order_prefix.clone());
        order.insert("erpOrderNumber".into(), json!(number));
        order.insert("status".into(), json!("open"));
        let answer = json!({ "erpOrderNumber": number, "orderId": order.get("orderId"), "status": "open" });
        self.keep_order(number, order);
        Ok(Answer::created(answer))
    }

    fn keep_order(&mut self, number: String, order: Map<String, Value>) {
        if let Some(order_id) = order.get("orderId").and_then(Value::as_str) {
            self.orders_by_id.entry(order_id.to_owned()).or_default().push(number.clone());
        }
        self.orders.insert(number, order);
    }

    fn cancel_order(&mut self, request: &Request) -> Result<Answer, Answer> {
        let number = request.path("erpOrderNumber");
        let order = self.orders.get_mut(number).ok_or_else(|| Answer::unknown("order", number))?;
        if order.get("status").and_then(Value::as_str) == Some("closed") {
            return Err(Answer::conflict("order-closed", &format!("order `{number}` has shipped")));
        }
        order.insert("status".into(), json!("cancelled"));
        Ok(Answer::ok(Value::Object(order.clone())))
    }

    fn update_order(&mut self, request: &Request) -> Result<Answer, Answer> {
        let number = request.path("erpOrderNumber");
        let revision = object_of(request)?;
        let order = self.orders.get_mut(number).ok_or_else(|| Answer::unknown("order", number))?;
        if order.get("status").and_then(Value::as_str) != Some("open") {
            return Err(Answer::conflict("order-not-open", &format!("order `{number}` is not open any more")));
        }
        for name in ["lines", "total", "shipTo"] {
            if let Some(value) = revision.get(name) {
                order.insert(name.to_owned(), value.clone());
            }
        }
        Ok(Answer::ok(Value::Object(order.clone())))
    }

    fn create_purchase_order(&mut self, request: &Request) -> Result<Answer, Answer> {
        let mut po = object_of(request)?.clone();
        request.context.mark(&mut po);
        let number = self.number(&self.declaration.po_prefix.clone());
        po.insert("poNumber".into(), json!(number));
        po.insert("status".into(), json!("open"));
        let answer = json!({ "poNumber": number, "recommendationId": po.get("recommendationId"), "status": "open" });
        self.keep_purchase_order(number, po);
        Ok(Answer::created(answer))
    }

    fn keep_purchase_order(&mut self, number: String, po: Map<String, Value>) {
        if let Some(recommendation) = po.get("recommendationId").and_then(Value::as_str) {
            self.by_recommendation.entry(recommendation.to_owned()).or_default().push(number.clone());
        }
        self.purchase_orders.insert(number, po);
    }

    fn update_purchase_order_status(&mut self, request: &Request) -> Result<Answer, Answer> {
        let number = request.path("poNumber");
        let update = object_of(request)?;
        let po = self.purchase_orders.get_mut(number).ok_or_else(|| Answer::unknown("purchase order", number))?;
        po.extend(update.iter().map(|(name, value)| (name.clone(), value.clone())));
        po.insert("poNumber".into(), json!(number));
        Ok(Answer::ok(Value::Object(po.clone())))
    }

    fn create_posting(&mut self, request: &Request) -> Result<Answer, Answer> {
        let mut posting = object_of(request)?.clone();
        request.context.mark(&mut posting);
        let text = |name: &str| posting.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let quantity: Decimal = text("quantity")
            .parse()
            .map_err(|_| Answer::unprocessable("/quantity", "quantity", "a quantity is a decimal in a string"))?;
        let change = match text("kind").as_str() {
            "shipment" => -quantity,
            _ => quantity,
        };
        let key = (text("product"), text("facility"));
        let order_id = text("orderId");
        let synthetic = posting.get("synthetic").and_then(Value::as_bool) == Some(true);
        if !synthetic {
            let balance = self.balances.entry(key).or_default();
            *balance = balance.checked_add(change).ok_or_else(|| {
                Answer::unprocessable("/quantity", "range", "the balance would leave the range of a decimal")
            })?;
        }
        if text("kind") == "shipment" {
            for number in self.orders_by_id.get(&order_id).into_iter().flatten() {
                if let Some(order) = self.orders.get_mut(number) {
                    order.insert("status".into(), json!("closed"));
                }
            }
        }
        let number = self.number("PST-");
        posting.insert("postingNumber".into(), json!(number));
        for name in POSTING_KEYS {
            if let Some(value) = posting.get(name).and_then(Value::as_str) {
                self.postings_by.entry((name, value.to_owned())).or_default().push(self.postings.len());
            }
        }
        self.postings.push(posting.clone());
        Ok(Answer::created(Value::Object(posting)))
    }

    fn item_availability(&self, product: &str) -> Answer {
        let facilities: Vec<Value> = self
            .balances
            .range((product.to_owned(), String::new())..)
            .take_while(|((of, _), _)| of == product)
            .map(|((_, facility), on_hand)| {
                let allocated = self.allocated(product, facility);
                json!({
                    "facility": facility,
                    "onHand": on_hand.to_string(),
                    "allocated": allocated.to_string(),
                    "available": (*on_hand - allocated).to_string(),
                })
            })
            .collect();
        if facilities.is_empty() && !self.declaration.products.iter().any(|known| known.product == product) {
            return Answer::unknown("product", product);
        }
        Answer::ok(json!({ "product": product, "facilities": facilities }))
    }

    /// What open orders claim of a product in a facility, as far as their lines name one.
    fn allocated(&self, product: &str, facility: &str) -> Decimal {
        let is = |line: &Value, name: &str, wanted: &str| line[name].as_str() == Some(wanted);
        self.orders
            .values()
            .filter(|order| order.get("status").and_then(Value::as_str) == Some("open"))
            .filter(|order| order.get("synthetic").and_then(Value::as_bool) != Some(true))
            .filter_map(|order| order.get("lines").and_then(Value::as_array))
            .flatten()
            .filter(|line| is(line, "product", product) && is(line, "facility", facility))
            .filter_map(|line| line["quantity"].as_str()?.parse::<Decimal>().ok())
            .sum()
    }

    fn supplier(&self, id: &str) -> Answer {
        match self.declaration.suppliers.iter().find(|supplier| supplier.supplier == id) {
            Some(supplier) => Answer::ok(json!({
                "supplierId": supplier.supplier,
                "name": supplier.name,
                "currency": supplier.currency,
                "leadTimeDays": supplier.lead_time_days,
                "paymentTerms": supplier.payment_terms,
                "ediId": supplier.edi,
                "status": "active",
            })),
            None => Answer::unknown("supplier", id),
        }
    }

    fn price(&self, product: &str) -> Answer {
        match self.declaration.products.iter().find(|known| known.product == product) {
            Some(known) => Answer::ok(json!({
                "product": known.product,
                "description": known.description,
                "unit": known.unit,
                "unitPrice": known.price.decimal().to_string(),
                "currency": known.currency,
                "validFrom": known.valid_from,
                "version": 1,
            })),
            None => Answer::unknown("price of product", product),
        }
    }

    fn find_postings(&self, request: &Request) -> Answer {
        let asked = || POSTING_KEYS.into_iter().filter_map(|name| Some((name, request.query(name)?)));
        let found: Vec<&Map<String, Value>> = match asked().next() {
            None => self.postings.iter().take(SHOWN).collect(),
            Some((name, value)) => {
                let places = self.postings_by.get(&(name, value.to_owned())).into_iter().flatten();
                let all = |posting: &&Map<String, Value>| {
                    asked().all(|(name, value)| posting.get(name).and_then(Value::as_str) == Some(value))
                };
                places.filter_map(|place| self.postings.get(*place)).filter(all).collect()
            }
        };
        Answer::ok(json!({ "postings": found }))
    }

    fn found<'a>(
        index: &BTreeMap<String, Vec<String>>,
        all: &'a BTreeMap<String, Map<String, Value>>,
        key: Option<&str>,
    ) -> Vec<&'a Map<String, Value>> {
        match key {
            Some(key) => index.get(key).into_iter().flatten().filter_map(|number| all.get(number)).collect(),
            None => all.values().take(SHOWN).collect(),
        }
    }
}

impl System for Erp {
    fn handle(&mut self, request: &Request, _now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "createOrder" => self.create_order(request),
            "getOrder" => {
                let number = request.path("erpOrderNumber");
                let order = self.orders.get(number).map(|order| Answer::ok(Value::Object(order.clone())));
                order.ok_or_else(|| Answer::unknown("order", number))
            }
            "findOrders" => {
                let orders = Self::found(&self.orders_by_id, &self.orders, request.query("orderId"));
                Ok(Answer::ok(json!({ "orders": orders })))
            }
            "cancelOrder" => self.cancel_order(request),
            "updateOrder" => self.update_order(request),
            "getItemAvailability" => Ok(self.item_availability(request.path("product"))),
            "getSupplier" => Ok(self.supplier(request.path("supplierId"))),
            "getPrice" => Ok(self.price(request.path("product"))),
            "createPurchaseOrder" => self.create_purchase_order(request),
            "getPurchaseOrder" => {
                let number = request.path("poNumber");
                let po = self.purchase_orders.get(number);
                po.map(|po| Answer::ok(Value::Object(po.clone())))
                    .ok_or_else(|| Answer::unknown("purchase order", number))
            }
            "findPurchaseOrders" => {
                let key = request.query("recommendationId");
                let found = Self::found(&self.by_recommendation, &self.purchase_orders, key);
                Ok(Answer::ok(json!({ "purchaseOrders": found })))
            }
            "updatePurchaseOrderStatus" => self.update_purchase_order_status(request),
            "createPosting" => self.create_posting(request),
            "findPostings" => Ok(self.find_postings(request)),
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        None
    }

    fn advance(&mut self, _now: Timestamp) -> Vec<Emission> {
        Vec::new()
    }

    fn state(&self) -> Value {
        let balances: Vec<Value> = self
            .balances
            .iter()
            .map(|((product, facility), on_hand)| {
                json!({ "product": product, "facility": facility, "onHand": on_hand.to_string() })
            })
            .collect();
        json!({
            "orders": self.orders,
            "purchaseOrders": self.purchase_orders,
            "postings": self.postings,
            "balances": balances,
        })
    }
}
