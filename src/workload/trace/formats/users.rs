//! Who asks.

use indexmap::IndexSet;

/// Users by the order of their first request.
pub type Users = IndexSet<String>;

/// A user's number.
pub(in crate::workload::trace) fn intern(users: &mut Users, name: &[u8]) -> u32 {
    let name = String::from_utf8_lossy(name);
    if let Some(known) = users.get_index_of(&*name) {
        return known as u32;
    }
    users.insert_full(name.into_owned()).0 as u32
}
