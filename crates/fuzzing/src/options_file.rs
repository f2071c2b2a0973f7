//! Options files.

use std::cell::OnceCell;
use std::fs;

use understudy_replica::{Options, ServeArgs};

thread_local! {
    /// Files are read by name: each thread has one that it rewrites.
    static FILE: OnceCell<tempfile::NamedTempFile> = const { OnceCell::new() };
}

/// Any options file gives options that can be, or an error of one line that names the file or the
/// option; as flags they would say the same.
pub fn options_file(data: &[u8]) {
    let path = FILE.with(|file| {
        let file = file.get_or_init(|| tempfile::NamedTempFile::new().expect("a file"));
        fs::write(file.path(), data).expect("the disk works");
        file.path().to_path_buf()
    });
    let loaded = Options::load(ServeArgs { config: Some(path), ..ServeArgs::default() });
    match &loaded {
        Ok(options) => check(options),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains('\n'), "{message:?} is one line");
        }
    }
    let flags = std::str::from_utf8(data).ok().and_then(|text| toml::from_str(text).ok());
    if let Some(flags) = flags {
        let flagged = Options::load(flags);
        assert_eq!(format!("{:?}", flagged.ok()), format!("{:?}", loaded.ok()));
    }
}

fn check(options: &Options) {
    let timing = &options.timing;
    assert!(timing.drop < timing.promote && timing.heartbeat <= timing.drop / 2);
    assert!(!options.name.is_empty() && options.max_waiting > 0);
    assert!((1..=8).contains(&options.settings.sync_backups));
    assert!(options.peers.iter().all(|(name, _)| *name != options.name));
}
