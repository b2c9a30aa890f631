//! Documents: written, read back, and what they look like on the wire.

use crossdock_model::{
    ConfirmedLine, Invoice, InvoiceLine, LineStatus, PoAcknowledged, PoLine, RunId, ShipmentLine, ShipmentNotice,
    ShipmentPurpose, SystemId,
};
use expect_test::{Expect, expect};

use super::{envelope, moment};
use crate::documents::{
    Document, FunctionalAck997, Invoice810, PoAck855, PurchaseOrder850, SetAck, ShipNotice856, WholeOrder,
};
use crate::{Delimiters, GuideChoice, LineBreak, Strictness, WriteError, check, parse, read};

fn supplier() -> SystemId {
    "supplier-acme".parse().unwrap()
}

fn run_id() -> RunId {
    "0195a1f0-7c1e-7d3a-9b6e-2f4c8d1e0a55".parse().unwrap()
}

fn order() -> PurchaseOrder850 {
    PurchaseOrder850 {
        po_number: "PO-1001".parse().unwrap(),
        ordered_at: moment(),
        currency: "USD".parse().unwrap(),
        facility: "DC-EAST".parse().unwrap(),
        supplier: Some(supplier()),
        needed_by: Some("2026-03-20".to_owned()),
        lines: vec![
            PoLine {
                line_number: 1,
                product: "P-100".parse().unwrap(),
                quantity: "12".parse().unwrap(),
                unit: "EA".parse().unwrap(),
                unit_price: "403.00".parse().unwrap(),
            },
            PoLine {
                line_number: 2,
                product: "P-200".parse().unwrap(),
                quantity: "2.5".parse().unwrap(),
                unit: "KG".parse().unwrap(),
                unit_price: "0.995".parse().unwrap(),
            },
        ],
        run_id: Some(run_id()),
    }
}

fn answer() -> PoAck855 {
    let line = |status, quantity: &str, date: Option<&str>| ConfirmedLine {
        line_number: 1,
        product: "P-100".parse().unwrap(),
        status,
        quantity: quantity.parse().unwrap(),
        unit: "EA".parse().unwrap(),
        unit_price: Some("403.00".parse().unwrap()),
        date: date.map(str::to_owned),
    };
    let lines = vec![line(LineStatus::Changed, "8", Some("2026-03-19")), line(LineStatus::Backordered, "4", None)];
    PoAck855::new(
        PoAcknowledged { po_number: "PO-1001".parse().unwrap(), acknowledged_at: moment(), lines },
        Some(run_id()),
    )
}

fn notice() -> ShipNotice856 {
    ShipNotice856::new(
        ShipmentNotice {
            asn_number: "ASN-7".parse().unwrap(),
            purpose: ShipmentPurpose::Original,
            po_number: "PO-1001".parse().unwrap(),
            facility: Some("DC-EAST".parse().unwrap()),
            shipped_at: moment(),
            expected_at: Some(moment()),
            tracking_number: Some("1Z999".parse().unwrap()),
            carrier: Some("carrier-swift".parse().unwrap()),
            lines: vec![ShipmentLine {
                line_number: 1,
                product: "P-100".parse().unwrap(),
                quantity: "12".parse().unwrap(),
                unit: "EA".parse().unwrap(),
            }],
        },
        Some(run_id()),
    )
}

fn bill() -> Invoice810 {
    Invoice810 {
        invoice: Invoice {
            invoice_number: "INV-9".parse().unwrap(),
            po_number: "PO-1001".parse().unwrap(),
            supplier: supplier(),
            invoiced_at: moment(),
            currency: "USD".parse().unwrap(),
            lines: vec![InvoiceLine {
                line_number: 1,
                product: "P-100".parse().unwrap(),
                quantity: "12".parse().unwrap(),
                unit: "EA".parse().unwrap(),
                unit_price: "403.00".parse().unwrap(),
                line_total: "4836.00".parse().unwrap(),
            }],
            total: "4836.00".parse().unwrap(),
            synthetic: true,
            run_id: Some(run_id()),
        },
    }
}

/// Reads the only document in the bytes, which must be without a warning.
fn read_one(bytes: &[u8]) -> Document {
    let file = parse(bytes, &Strictness::strict()).unwrap();
    assert_eq!(file.warnings(), Vec::<&crate::EdiError>::new());
    let (interchange, _, set) = file.accepted_sets().next().unwrap();
    Document::read(interchange, set, &supplier()).unwrap()
}

/// The lines of an interchange whose segments end with a line break.
fn check_wire(bytes: Result<Vec<u8>, WriteError>, expected: &Expect) {
    expected.assert_eq(&String::from_utf8(bytes.unwrap()).unwrap());
}

fn lines() -> crate::documents::Envelope {
    let mut envelope = envelope().test(true);
    envelope.delimiters = Delimiters { line_break: LineBreak::Lf, ..Delimiters::default() };
    envelope
}

#[test]
fn every_document_comes_back_as_it_was_written() {
    let envelope = envelope().test(true);
    assert_eq!(read_one(&order().write(&envelope).unwrap()), Document::PurchaseOrder(order()));
    assert_eq!(read_one(&answer().write(&envelope).unwrap()), Document::PoAck(answer()));
    assert_eq!(read_one(&notice().write(&envelope).unwrap()), Document::ShipNotice(notice()));
    assert_eq!(read_one(&bill().write(&envelope).unwrap()), Document::Invoice(bill()));
    let ack = FunctionalAck997::accepted("PO", 42, 1);
    assert_eq!(read_one(&ack.write(&envelope).unwrap()), Document::FunctionalAck(ack));
}

#[test]
fn what_we_write_keeps_the_shipped_guides() {
    let envelope = envelope().test(true);
    let mut refusal = FunctionalAck997::accepted("PO", 42, 1);
    refusal.status = "R".to_owned();
    refusal.sets.push(SetAck {
        set: "850".into(),
        control_number: "0001".into(),
        status: "R".into(),
        errors: Vec::new(),
    });
    let written = [
        order().write(&envelope),
        answer().write(&envelope),
        notice().write(&envelope),
        bill().write(&envelope),
        refusal.write(&envelope),
    ];
    let guides = super::cases::guides();
    for bytes in written {
        let result = check(&bytes.unwrap(), GuideChoice::Guides(&guides), &Strictness::strict());
        assert_eq!((result.errors, result.warnings), (Vec::new(), Vec::new()));
    }
}

#[test]
fn our_answers_keep_the_shipped_guide() {
    let guides = super::cases::guides();
    for folder in ["tests/data/base", "tests/data/guides"] {
        for case in crossdock_testkit::Case::files(folder, "edi") {
            let result = check(&case.bytes(), GuideChoice::Guides(&guides), &Strictness::tolerant());
            if result.acks.interchange.is_empty() {
                continue;
            }
            // An odd address of the sender is the address to answer to.
            let answer =
                check(result.acks.interchange.as_bytes(), GuideChoice::Guides(&guides), &Strictness::tolerant());
            assert_eq!(answer.errors, Vec::new(), "{}", case.name);
            assert_eq!(answer.acks.interchange, "", "{}: an answer is not answered", case.name);
        }
    }
}

#[test]
fn a_purchase_order_on_the_wire() {
    check_wire(
        order().write(&lines()),
        &expect![[r#"
        ISA*00*          *00*          *ZZ*CROSSDOCK      *ZZ*ACME           *260304*0506*U*00401*000000042*0*T*>~
        GS*PO*CROSSDOCK*ACME*20260304*050607*42*X*004010~
        ST*850*0001~
        BEG*00*SA*PO-1001**20260304~
        CUR*BY*USD~
        REF*ZZ*0195a1f0-7c1e-7d3a-9b6e-2f4c8d1e0a55~
        DTM*097*20260304*05060708*UT~
        DTM*002*20260320~
        N1*ST**92*DC-EAST~
        N1*SU**92*supplier-acme~
        PO1*1*12*EA*403.00**BP*P-100~
        PO1*2*2.5*KG*0.995**BP*P-200~
        CTT*2~
        SE*12*0001~
        GE*1*42~
        IEA*1*000000042~
    "#]],
    );
}

#[test]
fn an_answer_in_parts_shares_its_line() {
    check_wire(
        answer().write(&lines()),
        &expect![[r#"
        ISA*00*          *00*          *ZZ*CROSSDOCK      *ZZ*ACME           *260304*0506*U*00401*000000042*0*T*>~
        GS*PR*CROSSDOCK*ACME*20260304*050607*42*X*004010~
        ST*855*0001~
        BAK*00*AC*PO-1001*20260304~
        REF*ZZ*0195a1f0-7c1e-7d3a-9b6e-2f4c8d1e0a55~
        DTM*097*20260304*05060708*UT~
        PO1*1***403.00**BP*P-100~
        ACK*IC*8*EA*068*20260319~
        ACK*IB*4*EA~
        CTT*1~
        SE*9*0001~
        GE*1*42~
        IEA*1*000000042~
    "#]],
    );
}

#[test]
fn a_ship_notice_on_the_wire() {
    check_wire(
        notice().write(&lines()),
        &expect![[r#"
        ISA*00*          *00*          *ZZ*CROSSDOCK      *ZZ*ACME           *260304*0506*U*00401*000000042*0*T*>~
        GS*SH*CROSSDOCK*ACME*20260304*050607*42*X*004010~
        ST*856*0001~
        BSN*00*ASN-7*20260304*05060708*0004~
        HL*1**S~
        TD5*B*92*carrier-swift~
        REF*CN*1Z999~
        REF*ZZ*0195a1f0-7c1e-7d3a-9b6e-2f4c8d1e0a55~
        DTM*011*20260304*05060708*UT~
        DTM*017*20260304*05060708*UT~
        N1*ST**92*DC-EAST~
        HL*2*1*O~
        PRF*PO-1001~
        HL*3*2*I~
        LIN*1*BP*P-100~
        SN1*1*12*EA~
        CTT*3~
        SE*16*0001~
        GE*1*42~
        IEA*1*000000042~
    "#]],
    );
}

#[test]
fn an_invoice_on_the_wire() {
    check_wire(
        bill().write(&lines()),
        &expect![[r#"
        ISA*00*          *00*          *ZZ*CROSSDOCK      *ZZ*ACME           *260304*0506*U*00401*000000042*0*T*>~
        GS*IN*CROSSDOCK*ACME*20260304*050607*42*X*004010~
        ST*810*0001~
        BIG*20260304*INV-9**PO-1001~
        CUR*SE*USD~
        REF*ZZ*0195a1f0-7c1e-7d3a-9b6e-2f4c8d1e0a55~
        N1*SU**92*supplier-acme~
        DTM*097*20260304*05060708*UT~
        IT1*1*12*EA*403.00**BP*P-100~
        TDS*483600~
        CTT*1~
        SE*10*0001~
        GE*1*42~
        IEA*1*000000042~
    "#]],
    );
}

/// A set between its envelope, so that a case shows only what it is about.
fn wrap(functional_id: &str, set: &str, body: &str) -> String {
    let count = body.lines().filter(|line| !line.trim().is_empty()).count() + 2;
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let body = lines.join("\n");
    format!(
        "ISA*00*          *00*          *ZZ*ACME           *ZZ*CROSSDOCK      *260304*0506*U*00401*000000007*0*P*>~\n\
         GS*{functional_id}*ACME*CROSSDOCK*20260304*0506*7*X*004010~\nST*{set}*0001~\n{body}\nSE*{count}*0001~\nGE*1*7~\nIEA*1*000000007~\n"
    )
}

/// What reading the document says: the document, or its errors.
fn check_read(functional_id: &str, set: &str, body: &str, expected: &Expect) {
    let text = wrap(functional_id, set, body);
    let file = read(text.as_bytes(), &Strictness::strict());
    assert_eq!(file.errors(), Vec::<&crate::EdiError>::new());
    let (interchange, _, set) = file.accepted_sets().next().unwrap();
    let actual = match Document::read(interchange, set, &supplier()) {
        Ok(document) => format!("{document:#?}\n"),
        Err(errors) => errors.iter().flat_map(|error| [error.to_string(), "\n".to_owned()]).collect(),
    };
    expected.assert_eq(&actual);
}

#[test]
fn an_empty_order_names_all_that_is_missing() {
    check_read(
        "PO",
        "850",
        "BEG*00*SA~",
        &expect![[r#"
        byte 176, segment 4 (BEG03): the purchase order number is missing [AK4 1]
        byte 176, segment 4 (BEG05): the date of the order is missing [AK4 1]
        byte 154, segment 3 (CUR): the set has no CUR segment [AK3 3]
        byte 178, segment 5 (N1): the set names no facility to ship to (N1*ST) [AK3 3]
    "#]],
    );
}

#[test]
fn broken_values_of_an_order_are_all_named() {
    let body = "
        BEG*00*SA*PO-1**20261301~
        CUR*BY*usd dollars~
        N1*ST*East~
        PO1*one*-3*EA*4,50**BP*P-1~
        PO1*2*3**1~
        CTT*2~";
    check_read(
        "PO",
        "850",
        body,
        &expect![[r#"
        byte 183, segment 4 (BEG05): the date of the order is no date as CCYYMMDD [AK4 8]
        byte 200, segment 5 (CUR02): the currency cannot be read: `usd dollars` is not an ISO 4217 currency code [AK4 6]
        byte 223, segment 6 (N104): the facility is missing [AK4 1]
        byte 229, segment 7 (PO101): the line number cannot be read: invalid digit found in string [AK4 6]
        byte 233, segment 7 (PO102): the quantity cannot be read: -3 is negative; a quantity says how much, the kind of movement says which way [AK4 6]
        byte 239, segment 7 (PO104): the unit price cannot be read: `4,50` is not an amount of money [AK4 6]
        byte 261, segment 8 (PO103): the unit of measure is missing [AK4 1]
        byte 263, segment 8 (PO107): the product id is missing [AK4 1]
    "#]],
    );
}

#[test]
fn lines_without_their_own_answer_follow_the_whole() {
    let body = "
        BAK*00*AT*PO-1*20260301~
        PO1*1*5*EA*1.00**VP*SKU-9*BP*P-1~
        CTT*1~";
    check_read(
        "PR",
        "855",
        body,
        &expect![[r#"
        PoAck(
            PoAck855 {
                acknowledged: PoAcknowledged {
                    po_number: "PO-1",
                    acknowledged_at: 2026-03-01T00:00:00Z,
                    lines: [
                        ConfirmedLine {
                            line_number: 1,
                            product: "P-1",
                            status: Accepted,
                            quantity: 5,
                            unit: "EA",
                            unit_price: Some(
                                1.00,
                            ),
                            date: None,
                        },
                    ],
                },
                whole: Accepted,
                run_id: None,
            },
        )
    "#]],
    );
}

#[test]
fn an_unknown_line_status_is_an_error() {
    let body = "
        BAK*00*ZZ*PO-1*20260301~
        PO1*1*5*EA*1.00**BP*P-1~
        ACK*XX*5*EA~
        CTT*1~";
    check_read(
        "PR",
        "855",
        body,
        &expect![[r#"
        byte 174, segment 4 (BAK02): BAK02 is no kind of acknowledgement that is known here [AK4 7]
        byte 221, segment 6 (ACK01): ACK01 is no line status that is known here [AK4 7]
    "#]],
    );
}

#[test]
fn an_answer_without_lines_speaks_for_the_order() {
    let text = wrap("PR", "855", "BAK*00*RJ*PO-1*20260301~");
    let Document::PoAck(ack) = read_one(text.as_bytes()) else { panic!("not an 855") };
    assert_eq!((ack.whole, ack.acknowledged.lines.len()), (WholeOrder::Rejected, 0));
}

#[test]
fn a_line_in_two_packs_is_summed() {
    let body = "
        BSN*05*ASN-1*20260301*1230*0001~
        HL*1**S~
        HL*2*1*O~
        PRF*PO-1~
        HL*3*2*P~
        MAN*GM*00000012345678905~
        HL*4*3*I~
        LIN*1*BP*P-1~
        SN1**4*EA~
        HL*5*2*P~
        HL*6*5*I~
        LIN*1*BP*P-1~
        SN1**6*EA~
        CTT*6~";
    check_read(
        "SH",
        "856",
        body,
        &expect![[r#"
        ShipNotice(
            ShipNotice856 {
                asn_number: "ASN-1",
                purpose: Replace,
                shipped_at: 2026-03-01T12:30:00Z,
                expected_at: None,
                facility: None,
                carrier: None,
                tracking_number: None,
                orders: [
                    NoticedOrder {
                        po_number: "PO-1",
                        lines: [
                            ShipmentLine {
                                line_number: 1,
                                product: "P-1",
                                quantity: 10,
                                unit: "EA",
                            },
                        ],
                    },
                ],
                run_id: None,
            },
        )
    "#]],
    );
}

#[test]
fn an_item_without_an_order_is_an_error() {
    let body = "
        BSN*00*ASN-1*20260301*1230~
        HL*1**S~
        HL*2*9*O~
        HL*3*1*I~
        LIN*1*BP*P-1~
        CTT*3~";
    check_read(
        "SH",
        "856",
        body,
        &expect![[r#"
            byte 209, segment 6 (HL02): HL02 names parent 9; no HL with that number stands before [AK4 7]
            byte 214, segment 7 (SN1): the item has no quantity (SN1) [AK3 3]
            byte 214, segment 7 (PRF): item HL 3 stands under no purchase order (PRF) [AK3 3]
        "#]],
    );
}

#[test]
fn a_cancelled_notice_needs_no_items() {
    let body = "
        BSN*01*ASN-1*20260301*1230~
        HL*1**S~
        HL*2*1*O~
        PRF*PO-1~
        CTT*2~";
    check_read(
        "SH",
        "856",
        body,
        &expect![[r#"
        ShipNotice(
            ShipNotice856 {
                asn_number: "ASN-1",
                purpose: Cancel,
                shipped_at: 2026-03-01T12:30:00Z,
                expected_at: None,
                facility: None,
                carrier: None,
                tracking_number: None,
                orders: [
                    NoticedOrder {
                        po_number: "PO-1",
                        lines: [],
                    },
                ],
                run_id: None,
            },
        )
    "#]],
    );
}

#[test]
fn an_invoice_without_total_or_currency_is_refused() {
    let body = "
        BIG*20260301*INV-1~
        IT1*1*2*EA*.5**VP*X~
        CTT*1~";
    check_read(
        "IN",
        "810",
        body,
        &expect![[r#"
        byte 185, segment 4 (BIG04): the purchase order number is missing [AK4 1]
        byte 154, segment 3 (CUR): the set has no CUR segment [AK3 3]
        byte 154, segment 3 (TDS): the set has no TDS segment [AK3 3]
    "#]],
    );
}

#[test]
fn a_refusing_functional_ack_says_why() {
    let body = "
        AK1*PO*42~
        AK2*850*0001~
        AK3*PO1*7**8~
        AK4*4*212*6*4,50~
        AK5*R*5~
        AK9*R*1*1*0*5~";
    check_read(
        "FA",
        "997",
        body,
        &expect![[r#"
        FunctionalAck(
            FunctionalAck997 {
                functional_id: "PO",
                group_control: 42,
                status: "R",
                sets: [
                    SetAck {
                        set: "850",
                        control_number: "0001",
                        status: "R",
                        errors: [
                            "AK3 8: segment 7 (PO1): the segment has element errors",
                            "AK4 6: element 4: the element has a character that its type does not allow (`4,50`)",
                            "AK5 5: one or more segments are in error",
                        ],
                    },
                ],
                errors: [
                    "AK9 5: the number of sets in the trailer is not what was counted",
                ],
                included: 1,
                received: 1,
                accepted: 0,
            },
        )
    "#]],
    );
}

#[test]
fn values_that_would_be_misread_are_not_written() {
    let mut order = order();
    order.po_number = "PO*1".parse().unwrap();
    expect!["BEG03 holds `*`, which this interchange would read as a delimiter"]
        .assert_eq(&order.write(&envelope()).unwrap_err().to_string());
    order.po_number = "PO-with-a-number-far-too-long".parse().unwrap();
    expect!["purchase order number: `PO-with-a-number-far-too-long` has 29 characters; its element has room for 22"]
        .assert_eq(&order.write(&envelope()).unwrap_err().to_string());
    let mut bill = bill();
    bill.invoice.total = "1.005".parse().unwrap();
    expect!["total: 1.005 has more than two decimals or too many digits"]
        .assert_eq(&bill.write(&envelope()).unwrap_err().to_string());
}
