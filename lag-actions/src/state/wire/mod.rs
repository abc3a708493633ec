//! How the state looks in JSON. Each type of the core is described once; a field that the core adds and that is not
//! described here fails to compile.

mod changes;
mod document;
mod notes;
mod outcomes;
mod scalar;

pub(super) use document::{DocumentJson, Extra, GroupJson, WorkloadJson};
pub(super) use scalar::{key, workload};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type of the core that has a description.
trait Described: Sized {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Joins types to their `#[serde(remote)]` descriptions, which serde alone cannot use inside lists and options.
macro_rules! described {
    ($($type:ty = $description:ty),+ $(,)?) => {$(
        impl super::Described for $type {
            fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                <$description>::serialize(self, to)
            }
            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <$description>::deserialize(from)
            }
        }
    )+};
}
use described;

struct Written<'a, T>(&'a T);

impl<T: Described> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

struct Taken<T>(T);

impl<'de, T: Described> Deserialize<'de> for Taken<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

/// One described value.
mod one {
    use super::Described;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<T: Described, S: Serializer>(
        item: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        item.write(to)
    }

    pub(super) fn deserialize<'de, T: Described, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        T::read(from)
    }
}

/// A list of described values.
mod list {
    use super::{Described, Taken, Written};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Described, S: Serializer>(
        items: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(items.iter().map(Written))
    }

    pub(super) fn deserialize<'de, T: Described, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<T>, D::Error> {
        let items = Vec::<Taken<T>>::deserialize(from)?;
        Ok(items.into_iter().map(|item| item.0).collect())
    }
}

/// A described value that may be absent.
mod option {
    use super::{Described, Taken, Written};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Described, S: Serializer>(
        item: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        item.as_ref().map(Written).serialize(to)
    }

    pub(super) fn deserialize<'de, T: Described, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Taken<T>>::deserialize(from)?.map(|item| item.0))
    }
}
