//! CAs and what they sign.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, as its owner has it.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) pem: String,
    pub(crate) key: String,
}

impl Identity {
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        Self::of_key(name, KeyPair::generate().unwrap())
    }

    pub(crate) fn of_key(name: &str, key: KeyPair) -> Self {
        Self(CertifiedIssuer::self_signed(ca(name), key).unwrap())
    }

    /// A CA under this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(ca(name), key, &self.0).unwrap())
    }

    /// Another certificate of the same CA: same name, same key, other serial number and text.
    pub(crate) fn renewed(&self, name: &str) -> Self {
        let key = KeyPair::from_pem(&self.0.key().serialize_pem()).unwrap();
        let mut params = ca(name);
        params.not_after = date_time_ymd(4000, 1, 1);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.0).unwrap();
        Identity {
            chain: vec![made.der().clone()],
            pem: made.pem(),
            key: key.serialize_pem(),
        }
    }

    /// For `localhost`.
    pub(crate) fn server(&self) -> Identity {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        self.sign(&params)
    }

    /// For a client of this common name.
    pub(crate) fn client(&self, name: &str) -> Identity {
        self.client_with(name, |_| {})
    }

    pub(crate) fn client_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        self.sign(&params)
    }

    /// Good from the beginning of one year to that of another.
    pub(crate) fn client_of_years(&self, name: &str, from: i32, to: i32) -> Identity {
        self.client_with(name, |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        })
    }
}
