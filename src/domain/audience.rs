//! `[pure]` Why a resident's address is in an alert's audience or left out of it.

crate::words! {
    /// Why an address in the chosen areas gets no copy.
    Exclusion {
        /// None of the chosen interest groups is theirs.
        NotInGroups = "not_in_groups",
        /// They texted STOP and the name of a chosen group, and have none of the others.
        LeftGroup = "left_group",
        /// They sent STOP, left by link, or an officer entered their objection.
        OptedOut = "opted_out",
        /// They switched this channel off in their account.
        ChannelOff = "channel_off",
        /// The address was never confirmed.
        Unconfirmed = "unconfirmed",
        /// Mail or texts to it fail for good.
        BadAddress = "bad_address",
        /// No channel of that kind is configured.
        NoChannel = "no_channel",
    }
}

impl Exclusion {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotInGroups => "Not in the chosen interest groups",
            Self::LeftGroup => "Left the chosen interest group by text",
            Self::OptedOut => "Opted out",
            Self::ChannelOff => "Channel switched off by the resident",
            Self::Unconfirmed => "Address never confirmed",
            Self::BadAddress => "Address no longer works",
            Self::NoChannel => "No channel of this kind is configured",
        }
    }
}
