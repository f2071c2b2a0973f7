#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| understudy_fuzzing::register_file(data));
