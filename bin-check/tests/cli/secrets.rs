//! No secret in any output, whatever goes wrong.

use crate::harness::{Cloud, Ended, usual};
use cms_sim::{Fault, FaultKind};

/// As the vendor makes temporary ones.
const KEY_ID: &str = "STS.NUtestONLYkeyID0123456789";
const SECRET: &str = "TESTonlySECRETabcdefghijk";
const TOKEN: &str = "CAIStestONLYtoken/+abcdefghij==";

/// Parts, so that no encoding hides them, and what only a signed request holds.
const FORBIDDEN: [&str; 6] = [
    "NUtestONLYkeyID",
    "TESTonly",
    "CAIStestONLY",
    "abcdefghij",
    "Signature=",
    "SignatureNonce",
];

const COMMANDS: [&[&str]; 7] = [
    &["show"],
    &["show", "-o", "json"],
    &["inspect", "busy"],
    &["metrics"],
    &["instances"],
    &["check-config"],
    &["doctor"],
];

fn run_all(cloud: &Cloud, secret: &str) {
    for arguments in COMMANDS {
        let mut command = cloud.command(arguments);
        command
            .arg("--log.level=trace")
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
            .env("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN);
        let ended = Ended::of(&mut command);
        for part in FORBIDDEN {
            assert!(!ended.out.contains(part), "{part} in {ended:#?}");
            assert!(!ended.err.contains(part), "{part} in {ended:#?}");
        }
    }
}

#[test]
fn neither_keys_nor_signatures_are_shown() {
    let cloud = Cloud::start_with(usual(), KEY_ID, SECRET, Some(TOKEN));
    run_all(&cloud, SECRET);
    run_all(&cloud, "TESTonlyWRONGabcdefghijkl");
    for fault in [
        FaultKind::Forbidden,
        FaultKind::AccessKeyNotFound,
        FaultKind::Reset,
        FaultKind::Html502,
    ] {
        cloud.simulator.clear_faults();
        cloud.simulator.inject(Fault::new(fault));
        run_all(&cloud, SECRET);
    }
}
