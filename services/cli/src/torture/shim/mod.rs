//! The library that is loaded into replicas, so that faults can be injected into their disk and their clock.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The library, built from `shim.c`; empty where it cannot be.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shim.so"));

/// What it is told, and what it counts: eight bytes each, in the order of `shim.c`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// How often it was loaded.
    Loaded,
    /// Each sync takes so much longer, milliseconds.
    SyncDelay,
    /// Whether each sync fails.
    SyncFails,
    /// Whether files grow by `Room` bytes only.
    Full,
    /// By this many bytes.
    Room,
    /// The wall clock is off by this many seconds.
    ClockSeconds,
    /// Syncs that took longer.
    Slowed,
    /// Syncs that failed.
    Failed,
    /// Writes that found no room, or too little.
    Refused,
    /// Looks at a wrong clock.
    Misled,
}

/// How many words there are.
const WORDS: u64 = Word::Misled as u64 + 1;

/// The library in one replica.
pub struct Shim {
    library: PathBuf,
    path: PathBuf,
    control: File,
}

impl Shim {
    /// Whether there is a library for this system.
    pub fn exists() -> bool {
        !LIBRARY.is_empty()
    }

    /// Puts the library and the words for the replica `name` in `dir`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn install(dir: &Path, name: &str) -> io::Result<Self> {
        let library = dir.join("shim.so");
        fs::write(&library, LIBRARY)?;
        let path = dir.join(format!("{name}.shim"));
        let control = File::options().read(true).write(true).create_new(true).open(&path)?;
        control.set_len(WORDS * 8)?;
        Ok(Shim { library, path, control })
    }

    /// What the replica's environment must have.
    pub fn environment(&self) -> Vec<(String, String)> {
        if !Shim::exists() {
            return Vec::new();
        }
        let text = |path: &Path| path.display().to_string();
        vec![
            ("LD_PRELOAD".into(), text(&self.library)),
            ("UNDERSTUDY_SHIM".into(), text(&self.path)),
        ]
    }

    /// Tells it something.
    ///
    /// # Errors
    /// A sentence, if it was not loaded, or cannot be told.
    pub fn set(&self, word: Word, value: i64) -> Result<(), String> {
        if self.get(Word::Loaded)? == 0 {
            return Err("the library is not loaded".into());
        }
        self.control.write_all_at(&value.to_ne_bytes(), word as u64 * 8).map_err(|e| e.to_string())
    }

    /// Looks at what it counts.
    ///
    /// # Errors
    /// A sentence, if it cannot be read.
    pub fn get(&self, word: Word) -> Result<i64, String> {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, word as u64 * 8).map_err(|e| e.to_string())?;
        Ok(i64::from_ne_bytes(bytes))
    }
}
