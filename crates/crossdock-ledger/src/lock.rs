//! One writing process per file.
//! Here: an advisory lock on `FILE.lock`, held as long as the ledger is open and freed by the system even after `kill -9`.
//! Not SQLite's own exclusive mode, because that would keep readers and other tools out as well.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::LedgerError;

/// Held while a ledger is open for writing.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock beside `ledger`, or says who has it.
    pub(crate) fn take(ledger: &Path) -> Result<Self, LedgerError> {
        let path = lock_path(ledger);
        let io = |doing, source| LedgerError::Io { doing, path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| io("open the lock file", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                if file.read_to_string(&mut holder).is_err() {
                    holder.clear();
                }
                tracing::warn!(ledger = %ledger.display(), holder = holder.trim(), "ledger is in use");
                return Err(LedgerError::InUse { path: ledger.to_path_buf(), lock: path });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock", source)),
        }
        // For the person who finds the file: the lock is what counts, not this text.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "process {}", std::process::id()))
            .map_err(|source| io("write the lock file", source))?;
        Ok(Self { _file: file })
    }
}

fn lock_path(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
