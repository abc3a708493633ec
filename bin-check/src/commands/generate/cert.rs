//! A self-signed certificate for the external metrics API.

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::cli::generate::CertArgs;

/// Makes the pair, writes it, and says what to do with it.
pub(super) fn make(args: &CertArgs, now: Timestamp) -> anyhow::Result<String> {
    let (crt, key) = (args.out_dir.join("tls.crt"), args.out_dir.join("tls.key"));
    for path in [&crt, &key] {
        if !args.force && path.try_exists()? {
            bail!("{} is there already: --force replaces it", path.display());
        }
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    let until = today.checked_add(Span::new().try_days(args.days)?)?;
    let names = names(&args.place.service, &args.place.namespace);
    let pair = KeyPair::generate().context("no key could be made")?;
    let certificate = parameters(&names, today.yesterday()?, until)?
        .self_signed(&pair)
        .context("the certificate could not be signed")?;
    fs::create_dir_all(&args.out_dir)
        .with_context(|| format!("--out-dir {}", args.out_dir.display()))?;
    write(&key, pair.serialize_pem().as_bytes(), 0o600)?;
    write(&crt, certificate.pem().as_bytes(), 0o644)?;
    Ok(format!(
        "wrote {crt} and {key}\n\
         valid until {until} for {names}\n\
         as a Secret: kubectl create secret tls {service}-tls --namespace {namespace} --cert={crt} --key={key}\n\
         registration: kafka-lag generate apiservice --service {service} --namespace {namespace} --ca-bundle-file {crt}\n\
         caBundle: {bundle}\n",
        crt = crt.display(),
        key = key.display(),
        names = names.join(", "),
        service = args.place.service,
        namespace = args.place.namespace,
        bundle = BASE64_STANDARD.encode(certificate.pem()),
    ))
}

/// The API server asks for the first; the others are for people.
fn names(service: &str, namespace: &str) -> [String; 4] {
    [
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.cluster.local"),
        format!("{service}.{namespace}"),
        service.to_owned(),
    ]
}

/// A leaf that is its own CA: nothing else can be signed with its key and be believed.
fn parameters(names: &[String], from: Date, until: Date) -> anyhow::Result<CertificateParams> {
    let mut parameters =
        CertificateParams::new(names.to_vec()).context("names of the certificate")?;
    let day = |date: Date| -> anyhow::Result<_> {
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(date_time_ymd(date.year().into(), month, day))
    };
    parameters.not_before = day(from)?;
    parameters.not_after = day(until)?;
    parameters.distinguished_name = DistinguishedName::new();
    // A common name is not looked at, and has room for 64 characters only.
    parameters
        .distinguished_name
        .push(DnType::CommonName, "kafka-lag external metrics");
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

/// Replaces a file; it never has other rights than these.
fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}
