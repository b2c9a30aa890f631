//! Why a hub does not start, in words for whoever started it.

use std::sync::Arc;

use secrecy::SecretString;

use super::world::CONTRACTS;
use crate::{Hub, HubConfig, HubError, LedgerPlace, SystemConfig};

async fn refused(config: HubConfig) -> String {
    Hub::start(config, Arc::clone(&CONTRACTS)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_port_in_use() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = HubConfig::in_memory();
    config.listen = taken.local_addr().unwrap();
    let expected = format!(
        "{} is in use by another process; stop it, or set another `listen` (port 0 takes a free one)",
        config.listen
    );
    assert_eq!(refused(config).await, expected);
}

#[tokio::test]
async fn open_to_others_without_keys() {
    let mut config = HubConfig::in_memory();
    config.listen = "0.0.0.0:0".parse().unwrap();
    config.operator_key = Some(SecretString::from("key-of-operator"));
    config.systems.insert("erp".to_owned(), SystemConfig::new("erp"));
    assert_eq!(
        refused(config).await,
        "0.0.0.0:0 is open to other machines, and no key protects system `erp`; give each a key or listen on 127.0.0.1"
    );
}

#[tokio::test]
async fn a_missing_contract() {
    let mut config = HubConfig::in_memory();
    let mut system = SystemConfig::new("wmss");
    system.url = Some("http://127.0.0.1:1".to_owned());
    config.systems.insert("wms-east".to_owned(), system);
    let error = refused(config).await;
    assert!(error.contains("contracts/apis/wmss.yaml; did you mean `wms`?"), "{error}");
}

#[tokio::test]
async fn two_systems_for_one_part() {
    let mut config = HubConfig::in_memory();
    config.systems.insert("erp".to_owned(), SystemConfig::new("erp"));
    config.systems.insert("erp-2".to_owned(), SystemConfig::new("erp"));
    assert_eq!(
        refused(config).await,
        "configuration: `erp` and `erp-2` both keep the contract `erp`; there is one erp"
    );
}

#[tokio::test]
async fn a_ledger_in_use_and_a_foreign_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossdock.db");
    let config = || {
        let mut config = HubConfig::in_memory();
        config.ledger = LedgerPlace::File(path.clone());
        config
    };
    let first = Hub::start(config(), Arc::clone(&CONTRACTS)).await.unwrap();
    let second = Hub::start(config(), Arc::clone(&CONTRACTS)).await.unwrap_err();
    assert!(
        matches!(second, HubError::Ledger(_)) && second.to_string().contains("in use by another process"),
        "{second}"
    );
    first.shutdown().await;
    Hub::start(config(), Arc::clone(&CONTRACTS)).await.unwrap().shutdown().await;
}
