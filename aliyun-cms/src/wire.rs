//! The vendor's JSON, in one pass, with the shapes that were seen in the wild.
//!
//! Codes are texts or numbers, flags are bools or texts, `Datapoints` comes in
//! five forms. No tree is built: a page has a quarter of a megabyte of points.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::DecodeError;

/// What every reply may have, be it an error or not.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) code: Option<String>,
    pub(crate) success: Option<bool>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) auth_action: Option<String>,
}

impl Head {
    /// Success needs that nothing speaks against it; HTTP 200 alone says nothing.
    pub(crate) fn is_error(&self) -> bool {
        self.success == Some(false) || self.code.as_deref().is_some_and(|code| !is_success(code))
    }

    /// Whether the body itself says that the call succeeded.
    pub(crate) fn says_success(&self) -> bool {
        !self.is_error() && (self.success.is_some() || self.code.is_some())
    }
}

fn is_success(code: &str) -> bool {
    code == "200" || code.eq_ignore_ascii_case("ok") || code.eq_ignore_ascii_case("success")
}

/// The part of a reply that only one action has.
pub(crate) trait Payload: Default + Send {
    /// Reads the value of `key` and says `true`, or leaves it alone and says `false`.
    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Refuses a reply without error that is no reply of this action either.
    fn check(&self, head: &Head) -> Result<(), DecodeError>;
}

/// Nothing but the head.
#[derive(Default)]
pub(crate) struct Nothing;

impl Payload for Nothing {
    fn field<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }

    fn check(&self, _: &Head) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Reads a whole reply.
pub(crate) fn decode<T: Payload>(body: &str) -> Result<(Head, T), DecodeError> {
    let mut json = serde_json::Deserializer::from_str(body);
    (&mut json)
        .deserialize_map(ReplyVisitor(PhantomData))
        .and_then(|reply| json.end().map(|()| reply))
        .map_err(|error| DecodeError::json(&error, body))
}

struct ReplyVisitor<T>(PhantomData<T>);

impl<'de, T: Payload> Visitor<'de> for ReplyVisitor<T> {
    type Value = (Head, T);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut head, mut payload) = (Head::default(), T::default());
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "Code" => head.code = map.next_value::<Scalar>()?.not_empty(),
                "Success" => head.success = map.next_value::<Scalar>()?.flag()?,
                "Message" => head.message = map.next_value::<Lenient>()?.0,
                "RequestId" => head.request_id = map.next_value::<Lenient>()?.0,
                "AccessDeniedDetail" => head.auth_action = map.next_value::<AuthAction>()?.0,
                other => {
                    if !payload.field(other, &mut map)? {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
        }
        Ok((head, payload))
    }
}

/// A key of an object, borrowed unless it has escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A text, a number or a bool as text; null is `None`; anything else is an error.
#[derive(Debug, PartialEq)]
pub(crate) struct Scalar(pub(crate) Option<String>);

impl Scalar {
    pub(crate) fn not_empty(self) -> Option<String> {
        self.0.filter(|text| !text.is_empty())
    }

    fn flag<E: de::Error>(self) -> Result<Option<bool>, E> {
        match self.not_empty() {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(E::custom("a flag that is neither true nor false")),
        }
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a bool or null")
    }
    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_owned())))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(flag.to_string())))
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// As [`Scalar`], but a list or an object is dropped: for what only people read.
struct Lenient(Option<String>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(
            serde_json::from_str::<Scalar>(raw.get())
                .ok()
                .and_then(Scalar::not_empty),
        ))
    }
}

/// `AuthAction` inside `AccessDeniedDetail`, whatever else that is.
struct AuthAction(Option<String>);

impl<'de> Deserialize<'de> for AuthAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Detail {
            #[serde(rename = "AuthAction")]
            action: Option<String>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        let detail = serde_json::from_str::<Detail>(raw.get()).ok();
        Ok(Self(
            detail
                .and_then(|d| d.action)
                .filter(|action| !action.is_empty()),
        ))
    }
}

/// The points of a page as the text of a JSON array.
///
/// The service sends a text that holds JSON, `""`, null or nothing at all; its
/// documentation prints a real array.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Datapoints(pub(crate) Option<String>);

pub(crate) struct DatapointsSeed;

impl<'de> DeserializeSeed<'de> for DatapointsSeed {
    type Value = Datapoints;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Datapoints, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DatapointsSeed {
    type Value = Datapoints;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text that holds a JSON array, an array, or null")
    }
    fn visit_str<E>(self, text: &str) -> Result<Datapoints, E> {
        Ok(Datapoints((!text.is_empty()).then(|| text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Datapoints, E> {
        Ok(Datapoints(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut points: A) -> Result<Datapoints, A::Error> {
        let mut text = String::from("[");
        while let Some(point) = points.next_element::<&RawValue>()? {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(point.get());
        }
        text.push(']');
        Ok(Datapoints(Some(text)))
    }
}

#[cfg(test)]
mod tests;
