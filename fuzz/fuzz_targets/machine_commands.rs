#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| understudy_fuzzing::machine_commands(data));
