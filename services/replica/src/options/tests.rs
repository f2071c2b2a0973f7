//! Layers, limits and the table of the options.

use clap::Parser;

use super::{LogFormat, Options, OptionsError, ServeArgs};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: ServeArgs,
}

fn args(flags: &[&str]) -> ServeArgs {
    let always = ["serve", "--name", "a", "--data", "d", "--register", "dir:r"];
    Command::try_parse_from(always.iter().chain(flags)).unwrap().args
}

fn load(flags: &[&str]) -> Result<Options, OptionsError> {
    Options::load(args(flags))
}

#[test]
fn without_more_the_defaults_hold() {
    let options = load(&[]).unwrap();
    assert_eq!(options.listen_clients, "127.0.0.1:7440");
    assert_eq!(options.timing.drop, 700 * understudy_protocol::MS);
    assert_eq!(options.log_format, LogFormat::Text);
    assert!(options.peers.is_empty());
}

#[test]
fn flags_go_over_the_file_and_the_file_over_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("options.toml");
    std::fs::write(&file, "drop-ms = 300\nheartbeat-ms = 50\nlog-format = \"json\"\n").unwrap();
    let file = file.display().to_string();
    let options = load(&["--config", &file, "--drop-ms", "400"]).unwrap();
    assert_eq!(options.timing.drop, 400 * understudy_protocol::MS);
    assert_eq!(options.timing.heartbeat, 50 * understudy_protocol::MS);
    assert_eq!(options.timing.promote, 1500 * understudy_protocol::MS);
    assert_eq!(options.log_format, LogFormat::Json);
}

#[test]
fn a_wrong_file_is_named_with_what_is_wrong_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    for (content, wanted) in [("drop-sm = 3", "drop-sm"), ("drop-ms = \"x\"", "invalid type")] {
        let file = dir.path().join("options.toml");
        std::fs::write(&file, content).unwrap();
        let error = load(&["--config", &file.display().to_string()]).unwrap_err().to_string();
        assert!(error.contains("options.toml") && error.contains(wanted), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let error = load(&["--config", "/does/not/exist"]).unwrap_err().to_string();
    assert!(error.contains("/does/not/exist"), "{error}");
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    for (flags, wanted) in [
        (&["--drop-ms", "1500"][..], "drop-ms"),
        (&["--heartbeat-ms", "400"], "heartbeat-ms"),
        (&["--sync-backups", "0"], "sync-backups"),
        (&["--sync-backups", "2"], "peers names 0 other replica(s)"),
        (&["--sync-backups", "2", "--peers", "a=h:1,b=h:2"], "peers names 1 other replica(s)"),
        (&["--min-copies", "3"], "min-copies"),
        (&["--execution", "output-commit"], "it is sync or async"),
        (&["--max-tail-ms", "60001"], "max-tail-ms"),
        (&["--execution", "async", "--min-copies", "2"], "choose one of them"),
        (&["--peers", "b"], "peers"),
        (&["--peers", "b=h:1,b=h:2"], "peers"),
        (&["--log-format", "xml"], "log-format"),
        (&["--log", "verbose"], "option log cannot be"),
        (&["--log", "info,h2"], "TARGET=LEVEL"),
        (&["--register", "lease:X"], "register"),
        (&["--retry-ms", "0"], "retry-ms"),
        (&["--service", "pair"], "service"),
        (&["--service", "a/b", "--register", "lease:ns/pair"], "service"),
        (&["--advertise-host", "h:1"], "advertise-host"),
        (&["--evict-ms", "86400001"], "evict-ms"),
    ] {
        let mut args = args(&[]);
        let given = Command::try_parse_from(["serve"].iter().chain(flags)).unwrap().args;
        args.register = given.register.clone().or(args.register);
        let args = ServeArgs { name: args.name, data: args.data, register: args.register, ..given };
        let error = Options::load(args).unwrap_err().to_string();
        assert!(error.contains(wanted), "{flags:?}: {error}");
    }
    let error = Options::load(ServeArgs::default()).unwrap_err().to_string();
    assert!(error.contains("--name"), "{error}");
}

#[test]
fn a_replicas_own_entry_among_the_peers_is_where_peers_find_it() {
    let options = load(&["--peers", "a=me:1, b=you:2"]).unwrap();
    assert_eq!(options.advertise_peers.as_deref(), Some("me:1"));
    assert_eq!(options.peers, [("b".to_string(), "you:2".to_string())]);
    let flags = ["--peers", "a=me:1,b=you:2", "--advertise-peers", "x:9"];
    assert_eq!(load(&flags).unwrap().advertise_peers.as_deref(), Some("x:9"));
}

#[test]
fn the_register_is_a_directory_or_a_lease_and_only_a_lease_has_a_service() {
    let options = load(&[]).unwrap();
    assert_eq!((options.register.to_string().as_str(), options.service), ("dir:r", None));
    let flags = ["--name", "a", "--data", "d", "--register", "lease:ns/pair", "--service", "pair"];
    let args = Command::try_parse_from(["serve"].iter().chain(&flags)).unwrap().args;
    let options = Options::load(args).unwrap();
    assert_eq!(options.register.to_string(), "lease:ns/pair");
    assert_eq!(options.service.as_deref(), Some("pair"));
}

#[test]
fn an_advertised_host_comes_before_the_own_entry_among_the_peers() {
    for (host, found) in
        [("10.0.0.1", "10.0.0.1"), ("fd00::1", "[fd00::1]"), ("[fd00::1]", "[fd00::1]")]
    {
        let options = load(&["--peers", "a=me:1,b=you:2", "--advertise-host", host]).unwrap();
        assert_eq!(options.advertise_host.as_deref(), Some(found));
        assert_eq!(options.advertise_peers, None);
    }
    let flags = ["--peers", "a=me:1", "--advertise-host", "h", "--advertise-peers", "x:9"];
    assert_eq!(load(&flags).unwrap().advertise_peers.as_deref(), Some("x:9"));
}

#[test]
fn nothing_is_evicted_unless_it_is_said_after_how_long() {
    assert_eq!(load(&[]).unwrap().timing.evict, None);
    let options = load(&["--evict-ms", "5000"]).unwrap();
    assert_eq!(options.timing.evict, Some(5000 * understudy_protocol::MS));
}
