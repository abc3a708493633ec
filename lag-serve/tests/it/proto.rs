//! What is generated from KEDA's proto is checked in, so that a build needs no protoc. Here it is made again.

use protox::prost::Message;
use std::{env, fs, path::Path};
use tonic_prost_build::Builder;

const ADVICE: &str =
    "differs from proto/externalscaler.proto: run the tests of lag-serve once with UPDATE_PROTO=1";

#[expect(
    clippy::disallowed_methods,
    reason = "a wish of whoever runs the test, not of a user"
)]
fn is_update() -> bool {
    env::var("UPDATE_PROTO").is_ok()
}

fn compare(path: &str, made: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_update() {
        fs::write(&path, made).unwrap();
    }
    let checked_in = fs::read(&path).unwrap_or_default();
    assert!(checked_in == made, "{} {ADVICE}", path.display());
}

#[test]
fn the_code_checked_in_is_what_the_proto_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let files = protox::compile(["externalscaler.proto"], [folder]).unwrap();
    let generate = |builder: Builder| {
        let out = tempfile::tempdir().unwrap();
        let builder = builder.build_transport(false).out_dir(out.path());
        builder.compile_fds(files.clone()).unwrap();
        fs::read(out.path().join("externalscaler.rs")).unwrap()
    };
    let server = generate(
        tonic_prost_build::configure()
            .build_client(false)
            .codec_path("crate::keda::codec::SmallCodec"),
    );
    let client = generate(tonic_prost_build::configure().build_server(false));
    compare("src/keda/pb.rs", &server);
    compare("tests/it/keda/pb.rs", &client);
    // Reflection shows interfaces, not our comments.
    let mut bare = files;
    for file in &mut bare.file {
        file.source_code_info = None;
    }
    compare("src/keda/externalscaler.bin", &bare.encode_to_vec());
}
