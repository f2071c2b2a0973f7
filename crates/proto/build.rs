//! Compiles `proto/` without protoc: protox parses, tonic-prost-build generates.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    find(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(out.join("requests.rs"), requests(&descriptors))?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}

/// Every `.proto` file below `folder`.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// The macro `every_request`.
fn requests(descriptors: &FileDescriptorSet) -> String {
    let messages = descriptors.file.iter().flat_map(|file| {
        file.message_type
            .iter()
            .map(|message| (format!(".{}.{}", file.package(), message.name()), message))
    });
    let messages: BTreeMap<_, _> = messages.collect();
    let mut kinds: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in &descriptors.file {
        for call in file.service.iter().flat_map(|service| &service.method) {
            let has =
                |name| messages[call.input_type()].field.iter().any(|field| field.name() == name);
            let kind = match file.package() {
                "understudy.replication.v1" => "of_peers",
                _ if call.client_streaming() => "streamed",
                _ if has("stamp") => "stamped",
                _ if has("session_id") => "of_a_session",
                _ => "of_no_session",
            };
            let path = call.input_type().replace(".understudy.", "$crate::").replace('.', "::");
            kinds.entry(kind).or_default().insert(path);
        }
    }
    let list = |kind: &str| {
        let paths = kinds.get(kind).into_iter().flatten().cloned().collect::<Vec<_>>();
        format!("            {kind}: {};\n", paths.join(", "))
    };
    let lists =
        ["stamped", "of_a_session", "of_no_session", "streamed", "of_peers"].map(list).concat();
    format!(
        "/// Gives the macro that is named every request of the contract: those that carry a stamp, are about a session,\n\
         /// are about none, come in a stream, and those of the peers' port.\n\
         #[macro_export]\n\
         macro_rules! every_request {{\n    ($callback:ident) => {{\n        $callback! {{\n{lists}        }}\n    }};\n}}\n"
    )
}
