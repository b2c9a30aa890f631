//! What both ledgers promise, what the SQLite one survives, and what it finds when somebody edits it.

use std::path::PathBuf;

use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    BusinessKey, Defect, Ledger, LedgerError, LedgerReader, MemoryLedger, NewRecord, Problem, Record, SqliteLedger,
    SqliteReader,
};

fn event(id: &str, subject: &str, correlation: &str) -> Vec<u8> {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/commerce","type":"order.captured.v1","subject":"{subject}","time":"2026-03-02T10:00:00Z","correlationid":"{correlation}","receivedat":"2026-03-02T10:00:01Z","data":{{"orderId":820982911946154508,"total":"403.00"}}}}"#
    )
    .into_bytes()
}

fn order(number: u32) -> NewRecord {
    let id = format!("o-{number}");
    NewRecord::new(event(&format!("e-{number}"), &id, &format!("c-{number}")))
        .key(BusinessKey::new("orderId", "/commerce", id).with_digest(format!("digest-{number}")))
}

fn orders(numbers: std::ops::RangeInclusive<u32>) -> Vec<NewRecord> {
    numbers.map(order).collect()
}

/// A folder with a ledger of `count` orders, closed again.
fn kept(count: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossdock.db");
    let mut ledger = SqliteLedger::open(&path).unwrap();
    if count > 0 {
        ledger.append(0, &orders(1..=count)).unwrap();
    }
    (folder, path)
}

fn defects(path: &PathBuf) -> Vec<Defect> {
    SqliteReader::open(path).unwrap().verify().unwrap().defects
}

fn at(seq: u64, problem: Problem) -> Defect {
    Defect { seq, problem }
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let (_folder, path) = kept(3);
    let mut ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.head().unwrap(), 3);
    assert_eq!(ledger.append(3, &[order(4)]).unwrap(), 4);
    let read = ledger.read(2, 2).unwrap();
    assert_eq!(read, [Record { seq: 2, event: order(2).event }, Record { seq: 3, event: order(3).event }]);
    assert!(ledger.verify().unwrap().is_intact());
}

#[test]
fn a_closed_ledger_is_one_file_that_can_be_copied() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("crossdock.db"), folder.path().join("copy.db"));
    let mut ledger = SqliteLedger::open(&path).unwrap();
    ledger.append(0, &orders(1..=3)).unwrap();
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.head().unwrap(), 3);
    drop(ledger);
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(SqliteLedger::open(&copy).unwrap().head().unwrap(), 3);
}

#[test]
fn a_stale_writer_has_no_effect() {
    let mut ledger = MemoryLedger::new();
    ledger.append(0, &orders(1..=2)).unwrap();
    let refused = ledger.append(1, &[order(3)]).unwrap_err();
    assert_eq!(refused.to_string(), "the ledger's head is 2, this writer expected 1: another writer has appended");
    assert_eq!(Ledger::head(&mut ledger).unwrap(), 2);
}

#[test]
fn a_batch_with_one_bad_record_is_refused_whole() {
    let (_folder, path) = kept(1);
    let mut ledger = SqliteLedger::open(path).unwrap();
    for bad in [&b"not json"[..], b"{\"id\":\"x\"}", b"{\"id\":\"x\",\"source\":\"/s\",\"type\":\"\xff\"}"] {
        let refused = ledger.append(1, &[order(2), NewRecord::new(bad)]).unwrap_err();
        assert!(matches!(refused, LedgerError::InvalidRecord { index: 1, .. }), "{refused}");
        assert_eq!(ledger.head().unwrap(), 1);
    }
}

#[test]
fn a_full_disk_is_named_and_keeps_nothing_of_the_batch() {
    let (_folder, path) = kept(1);
    let mut ledger = SqliteLedger::open(&path).unwrap();
    ledger.raw().execute_batch("PRAGMA max_page_count = 16").unwrap();
    let refused = ledger.append(1, &orders(2..=2000)).unwrap_err();
    assert_eq!(refused.to_string(), format!("no space left for the ledger {}", path.display()));
    assert_eq!(ledger.head().unwrap(), 1);
    ledger.raw().execute_batch("PRAGMA max_page_count = 1000000").unwrap();
    assert_eq!(ledger.append(1, &orders(2..=2000)).unwrap(), 2000);
}

#[test]
fn a_foreign_lock_is_named() {
    let (_folder, path) = kept(1);
    let mut ledger = SqliteLedger::open(&path).unwrap();
    ledger.raw().busy_timeout(std::time::Duration::ZERO).unwrap();
    let tool = Connection::open(&path).unwrap();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(ledger.append(1, &[order(2)]).unwrap_err(), LedgerError::Busy { .. }));
    tool.execute_batch("ROLLBACK").unwrap();
    assert_eq!(ledger.append(1, &[order(2)]).unwrap(), 2);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let (_folder, path) = kept(2);
    let first = SqliteLedger::open(&path).unwrap();
    let refused = SqliteLedger::open(&path).unwrap_err();
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    assert_eq!(SqliteReader::open(&path).unwrap().head().unwrap(), 2);
    drop(first);
    SqliteLedger::open(&path).unwrap();
}

#[test]
fn a_reader_sees_what_the_writer_appends() {
    let (_folder, path) = kept(0);
    let mut ledger = SqliteLedger::open(path).unwrap();
    let mut reader = ledger.reader().unwrap();
    assert_eq!(reader.head().unwrap(), 0);
    ledger.append(0, &orders(1..=3)).unwrap();
    assert_eq!(reader.head().unwrap(), 3);
    assert_eq!(reader.read(3, 10).unwrap().len(), 1);
    assert!(reader.read(4, 10).unwrap().is_empty());
    assert!(reader.read(40, 10).unwrap().is_empty());
    assert!(reader.read(u64::MAX, 10).unwrap().is_empty());
}

#[test]
fn files_that_are_no_ledger_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "a shopping list, long enough to be looked at as a database header").unwrap();
    assert!(matches!(SqliteLedger::open(&text).unwrap_err(), LedgerError::NotALedger { .. }));

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let refused = SqliteLedger::open(&other).unwrap_err().to_string();
    assert!(refused.ends_with("it is another program's SQLite database"), "{refused}");

    let (_kept, newer) = kept(1);
    Connection::open(&newer).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let refused = SqliteLedger::open(&newer).unwrap_err().to_string();
    assert!(refused.ends_with("has format 9; this version reads up to 1"), "{refused}");

    assert!(matches!(SqliteReader::open(folder.path().join("none.db")).unwrap_err(), LedgerError::Io { .. }));
}

/// Damages a ledger of five orders by SQL; says what `verify` found.
fn damaged(sql: &str) -> Vec<Defect> {
    let (_folder, path) = kept(5);
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    defects(&path)
}

#[test]
fn verify_names_every_defect() {
    let cases = [
        ("SELECT 1", vec![]),
        ("UPDATE events SET record = replace(record, '403.00', '304.00') WHERE seq = 2", vec![at(2, Problem::Altered)]),
        ("DELETE FROM events WHERE seq = 3", vec![at(3, Problem::Removed)]),
        ("DELETE FROM events WHERE seq IN (1, 2)", vec![at(1, Problem::Removed), at(2, Problem::Removed)]),
        ("DELETE FROM events WHERE seq > 3", vec![at(4, Problem::Removed), at(5, Problem::Removed)]),
        ("UPDATE events SET subject = 'o-99' WHERE seq = 4", vec![at(4, Problem::ColumnDiffers("subject"))]),
        ("UPDATE events SET time = NULL WHERE seq = 4", vec![at(4, Problem::ColumnDiffers("time"))]),
        ("DELETE FROM keys WHERE key = 'o-2'", vec![at(2, Problem::KeysAltered)]),
        ("UPDATE keys SET digest = 'x' WHERE key = 'o-2'", vec![at(2, Problem::KeysAltered)]),
        (
            "UPDATE events SET chain = zeroblob(7) WHERE seq = 5",
            vec![at(5, Problem::Torn("chain has 7 bytes, not 32".to_owned())), at(5, Problem::Removed)],
        ),
        (
            "UPDATE events SET record = (SELECT record FROM events WHERE seq = 1), checksum = (SELECT checksum FROM events WHERE seq = 1),
             event_id = 'e-1', subject = 'o-1', correlation_id = 'c-1' WHERE seq = 3",
            vec![at(3, Problem::Replaced)],
        ),
        (
            "INSERT INTO events SELECT 6, type, subject, source, event_id, time, received_at, correlation_id, record, checksum,
             keys_checksum, chain FROM events WHERE seq = 5",
            vec![at(6, Problem::BeyondHead), at(6, Problem::Replaced), at(6, Problem::KeysAltered)],
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(damaged(sql), expected, "after: {sql}");
    }
}

#[test]
fn a_torn_record_is_found_by_reading_too() {
    let (_folder, path) = kept(5);
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE events SET record = substr(record, 1, 40) WHERE seq = 3")
        .unwrap();
    let mut ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.read(1, 2).unwrap().len(), 2);
    let refused = ledger.read(1, 10).unwrap_err().to_string();
    assert_eq!(refused, "ledger record 3: altered: its bytes do not match its checksum");
    let found = ledger.verify().unwrap().defects;
    assert!(
        matches!(
            &found[..],
            [Defect { seq: 3, problem: Problem::Altered }, Defect { seq: 3, problem: Problem::Torn(_) }]
        ),
        "{found:?}"
    );
}

#[test]
fn a_damaged_end_refuses_to_open() {
    for (sql, expected) in [
        ("DELETE FROM events WHERE seq = 5", "ledger record 5: removed"),
        (
            "UPDATE events SET record = record || ' ' WHERE seq = 5",
            "ledger record 5: altered: its bytes do not match its checksum",
        ),
        ("UPDATE ledger SET head = 4", "ledger record 5: stands behind the ledger's head: not appended by a ledger"),
    ] {
        let (_folder, path) = kept(5);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_eq!(SqliteLedger::open(&path).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_key_keeps_its_first_record() {
    let (_folder, path) = kept(1);
    let mut ledger = SqliteLedger::open(path).unwrap();
    let again = NewRecord::new(event("e-9", "o-1", "c-9"))
        .key(BusinessKey::new("orderId", "/commerce", "o-1").with_digest("other"));
    ledger.append(1, &[again]).unwrap();
    let hit = ledger.lookup(&BusinessKey::new("orderId", "/commerce", "o-1")).unwrap().unwrap();
    assert_eq!((hit.seq, hit.digest.as_str()), (1, "digest-1"));
    assert_eq!(ledger.lookup(&BusinessKey::new("orderId", "/crm", "o-1")).unwrap(), None);
    assert!(ledger.verify().unwrap().is_intact());
}

#[test]
fn a_trace_is_found_by_any_id() {
    let (_folder, path) = kept(3);
    let mut ledger = SqliteLedger::open(path).unwrap();
    let booked =
        NewRecord::new(event("e-4", "somewhere", "c-2")).key(BusinessKey::new("erpOrderNumber", "/erp", "SO-7"));
    ledger.append(3, &[booked]).unwrap();
    let mut reader = ledger.reader().unwrap();
    for id in ["SO-7", "o-2", "e-2", "e-4", "c-2"] {
        assert_eq!(reader.correlations_of(id).unwrap(), ["c-2"], "by {id}");
    }
    assert!(reader.correlations_of("unheard of").unwrap().is_empty());
    let seqs: Vec<u64> = reader.by_correlation("c-2", 10).unwrap().iter().map(|record| record.seq).collect();
    assert_eq!(seqs, [2, 4]);
}

#[test]
fn the_newest_snapshot_is_kept_and_a_damaged_one_ignored() {
    let (_folder, path) = kept(3);
    let mut ledger = SqliteLedger::open(path).unwrap();
    assert_eq!(ledger.latest_snapshot().unwrap(), None);
    ledger.save_snapshot(2, b"two").unwrap();
    ledger.save_snapshot(3, b"three").unwrap();
    assert_eq!(ledger.latest_snapshot().unwrap().map(|kept| (kept.seq, kept.state)), Some((3, b"three".to_vec())));
    ledger.raw().execute_batch("UPDATE snapshots SET state = x'00'").unwrap();
    assert_eq!(ledger.latest_snapshot().unwrap(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Append { expected_off_by: u64, orders: Vec<u8> },
    Read { from: u64, limit: usize },
    Lookup(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop_oneof![9 => Just(0_u64), 1 => 1_u64..3], prop::collection::vec(0_u8..20, 0..5))
            .prop_map(|(expected_off_by, orders)| Step::Append { expected_off_by, orders }),
        2 => (0_u64..30, 0_usize..10).prop_map(|(from, limit)| Step::Read { from, limit }),
        2 => (0_u8..20).prop_map(Step::Lookup),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_answers_as_memory_does(steps in prop::collection::vec(step(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.db");
        let mut model = MemoryLedger::new();
        let mut real = Some(SqliteLedger::open(&path).unwrap());
        for step in steps {
            let ledger = real.as_mut().unwrap();
            match step {
                Step::Append { expected_off_by, orders } => {
                    let expected = Ledger::head(&mut model).unwrap() + expected_off_by;
                    let batch: Vec<NewRecord> = orders.iter().map(|number| order(u32::from(*number))).collect();
                    let (ours, theirs) = (ledger.append(expected, &batch), model.append(expected, &batch));
                    prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
                }
                Step::Read { from, limit } => {
                    prop_assert_eq!(ledger.read(from, limit).unwrap(), Ledger::read(&mut model, from, limit).unwrap());
                }
                Step::Lookup(number) => {
                    let key = BusinessKey::new("orderId", "/commerce", format!("o-{number}"));
                    prop_assert_eq!(ledger.lookup(&key).unwrap(), Ledger::lookup(&mut model, &key).unwrap());
                }
                Step::Reopen => {
                    drop(real.take());
                    real = Some(SqliteLedger::open(&path).unwrap());
                }
            }
        }
        let ledger = real.as_mut().unwrap();
        let (ours, theirs) = (ledger.verify().unwrap(), Ledger::verify(&mut model).unwrap());
        prop_assert_eq!(ours, theirs);
        for (kind, source) in [("orderId", "/commerce"), ("orderId", "/comm"), ("event", "/commerce")] {
            prop_assert_eq!(ledger.newest(kind, source).unwrap(), Ledger::newest(&mut model, kind, source).unwrap());
        }
        for id in ["o-3", "c-4", "e-5"] {
            prop_assert_eq!(ledger.reader().unwrap().correlations_of(id).unwrap(), model.correlations_of(id).unwrap());
        }
    }
}
