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
        /// They were there at publishing, and had left the service or the areas before their turn came.
        Gone = "gone",
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
            Self::Gone => "Left the service or the areas before their turn",
        }
    }
}

crate::words! {
    /// Why somebody who answered an alert is not told what came of it.
    Untold {
        /// They sent STOP, left by link, or an officer entered their objection.
        OptedOut = "opted_out",
        /// A tag says not to write to them.
        DoNotContact = "do_not_contact",
        /// They asked, or seem to ask, to hear no more, and nothing has come of it yet.
        InDoubt = "in_doubt",
        /// A message might endanger them.
        AtRisk = "at_risk",
        /// The number may be somebody else's now.
        PassedOn = "passed_on",
        /// Mail or texts to it fail for good.
        BadAddress = "bad_address",
        /// It is not certain that they meant this alert.
        Unsure = "unsure",
        /// The alert was not sent to the address that they wrote from.
        ThirdParty = "third_party",
        /// Nothing can ever arrive there, or no channel is configured.
        Unreachable = "unreachable",
        /// They answered by another address too, and are told there.
        Once = "once",
    }
}

impl Untold {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OptedOut => "Opted out",
            Self::DoNotContact => "Tagged \u{201c}do not contact\u{201d}",
            Self::InDoubt => "Asked, or perhaps ask, to hear no more: not settled yet",
            Self::AtRisk => "May be at risk: answer them yourself",
            Self::BadAddress => "Address no longer works",
            Self::PassedOn => "The number may be somebody else\u{2019}s now",
            Self::Unsure => "Not certain that they meant this alert",
            Self::ThirdParty => "Wrote from an address that the alert was not sent to",
            Self::Unreachable => "Their address cannot be answered",
            Self::Once => "Answered by another address too, and told there",
        }
    }
}
