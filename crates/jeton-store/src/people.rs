//! People and their devices, beside the log and never in it (rule V5): the ledger knows members
//! and devices by opaque keys, and these rows give them their names. Erasing a person removes them, and leaves no byte of them in the file.

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub team: String,
    /// The ledger's number of the member within the team.
    pub member: u32,
    /// The client's id of the member.
    pub id: String,
    pub email: String,
    pub name: String,
    /// Keys the hash that makes the ledger's number of a device out of its name.
    pub salt: [u8; 16],
}

/// The name of a device, by the number under which the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub team: String,
    pub member: u32,
    pub device: u64,
    pub name: String,
}
