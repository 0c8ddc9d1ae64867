//! The tables as Diesel sees them: one file for both databases. A test migrates each database and holds it against this.
//!
//! Columns carry units in their names; times end in `_at` and are UTC.
#![allow(missing_docs, reason = "the migrations describe each table")]

diesel::table! {
    settings (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    areas (id) {
        id -> BigInt,
        code -> Text,
        name -> Text,
        kind -> Text,
        parent_id -> Nullable<BigInt>,
        shape -> Nullable<Json>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    postcodes (postcode) {
        postcode -> Text,
        area_id -> BigInt,
        latitude -> Double,
        longitude -> Double,
    }
}

diesel::table! {
    interest_groups (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        description -> Text,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    residents (id) {
        id -> BigInt,
        public_id -> Text,
        name -> Text,
        postcode -> Text,
        language -> Text,
        source -> Text,
        created_at -> Timestamp,
        left_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    addresses (id) {
        id -> BigInt,
        resident_id -> BigInt,
        kind -> Text,
        value -> Text,
        match_key -> Binary,
        enabled -> Bool,
        verified_at -> Nullable<Timestamp>,
        bad_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    resident_areas (resident_id, area_id) {
        resident_id -> BigInt,
        area_id -> BigInt,
    }
}

diesel::table! {
    subscriptions (resident_id, interest_group_id) {
        resident_id -> BigInt,
        interest_group_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    consent_events (id) {
        id -> BigInt,
        resident_id -> Nullable<BigInt>,
        match_key -> Binary,
        action -> Text,
        channel -> Text,
        source -> Text,
        wording -> Text,
        evidence -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    suppressions (id) {
        id -> BigInt,
        match_key -> Binary,
        channel -> Text,
        scope -> Text,
        reason -> Text,
        evidence -> Text,
        source_envelope_id -> Nullable<BigInt>,
        created_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        lifted_by -> Nullable<Text>,
        last_asked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    codes (id) {
        id -> BigInt,
        ticket -> Text,
        purpose -> Text,
        match_key -> Binary,
        code_digest -> Binary,
        payload -> Json,
        tries -> BigInt,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    teams (id) {
        id -> BigInt,
        name -> Text,
        area_id -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    officers (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        role -> Text,
        team_id -> Nullable<BigInt>,
        away_until -> Nullable<Timestamp>,
        cover_id -> Nullable<BigInt>,
        disabled_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        reads_replies -> Bool,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_digest -> Binary,
        officer_id -> Nullable<BigInt>,
        resident_id -> Nullable<BigInt>,
        csrf -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
        method -> Text,
        browser -> Text,
        network -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        name -> Text,
        key_digest -> Binary,
        scopes -> Text,
        created_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    idempotency_keys (api_key_id, key) {
        api_key_id -> BigInt,
        key -> Text,
        request_digest -> Binary,
        status -> BigInt,
        response -> Json,
        created_at -> Timestamp,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        actor -> Text,
        officer_id -> Nullable<BigInt>,
        action -> Text,
        subject_kind -> Text,
        subject_id -> Nullable<BigInt>,
        detail -> Json,
        created_at -> Timestamp,
        sealed_seq -> Nullable<BigInt>,
        previous_hash -> Nullable<Binary>,
        hash -> Nullable<Binary>,
        sealed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    alerts (id) {
        id -> BigInt,
        reference -> Text,
        kind -> Text,
        urgency -> Text,
        title -> Text,
        status -> Text,
        version -> BigInt,
        owner_id -> BigInt,
        team_id -> Nullable<BigInt>,
        token -> Nullable<Text>,
        send_again_on_doubt -> Bool,
        audience_mark -> BigInt,
        audience_cursor -> BigInt,
        fan_out_owner -> Nullable<Text>,
        fan_out_until -> Nullable<Timestamp>,
        expected_sms -> BigInt,
        expected_email -> BigInt,
        created_at -> Timestamp,
        published_at -> Nullable<Timestamp>,
        fanned_out_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        two_way -> Bool,
        audience_size -> BigInt,
        queued_sms -> BigInt,
        queued_email -> BigInt,
        hold -> Nullable<Text>,
        held_at -> Nullable<Timestamp>,
        unsettled -> Bool,
        starts_at -> Nullable<Timestamp>,
        starts_why -> Nullable<Text>,
    }
}

diesel::table! {
    alert_texts (id) {
        id -> BigInt,
        alert_id -> BigInt,
        version -> BigInt,
        language -> Text,
        channel_kind -> Text,
        subject -> Text,
        body -> Text,
    }
}

diesel::table! {
    alert_areas (alert_id, area_id) {
        alert_id -> BigInt,
        area_id -> BigInt,
    }
}

diesel::table! {
    alert_groups (alert_id, interest_group_id) {
        alert_id -> BigInt,
        interest_group_id -> BigInt,
    }
}

diesel::table! {
    alert_exclusions (alert_id, reason) {
        alert_id -> BigInt,
        reason -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> BigInt,
        purpose -> Text,
        source_id -> BigInt,
        alert_id -> Nullable<BigInt>,
        conversation_id -> Nullable<BigInt>,
        match_key -> Binary,
        address -> Text,
        channel_kind -> Text,
        channel -> Text,
        sender -> Text,
        priority -> BigInt,
        status -> Text,
        subject -> Nullable<Text>,
        body -> Nullable<Text>,
        token -> Text,
        in_reply_to -> Nullable<Text>,
        reference_ids -> Nullable<Text>,
        provider_message_id -> Nullable<Text>,
        rank -> BigInt,
        attempts -> BigInt,
        error_code -> Nullable<Text>,
        error_detail -> Nullable<Text>,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        next_attempt_at -> Timestamp,
        sending_at -> Nullable<Timestamp>,
        accepted_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        queue -> Text,
    }
}

diesel::table! {
    channel_gates (channel) {
        channel -> Text,
        free_at -> Timestamp,
        paused_until -> Nullable<Timestamp>,
        cause -> Nullable<Text>,
        trials -> BigInt,
        next_trial_at -> Nullable<Timestamp>,
        opened_at -> Nullable<Timestamp>,
        taken_at -> Nullable<Timestamp>,
        taken_by -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (id) {
        id -> BigInt,
        delivery_id -> BigInt,
        number -> BigInt,
        outcome -> Text,
        provider_message_id -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_detail -> Nullable<Text>,
        finished_at -> Timestamp,
    }
}

diesel::table! {
    pair_holds (match_key, our_number) {
        our_number -> Text,
        match_key -> Binary,
        alert_id -> BigInt,
        used_at -> Timestamp,
    }
}

diesel::table! {
    envelopes (id) {
        id -> BigInt,
        channel -> Text,
        kind -> Text,
        dedupe_key -> Text,
        match_key -> Nullable<Binary>,
        lane -> BigInt,
        target -> Text,
        headers -> Binary,
        body -> Nullable<Binary>,
        body_file -> Nullable<Text>,
        body_bytes -> BigInt,
        sha256 -> Binary,
        status -> Text,
        possible_duplicate -> Bool,
        stopped -> Bool,
        reason -> Nullable<Text>,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        tries -> BigInt,
        received_at -> Timestamp,
        processed_at -> Nullable<Timestamp>,
        salt -> Nullable<Binary>,
        noted_in -> Nullable<BigInt>,
    }
}

diesel::table! {
    envelope_keys (channel, kind, dedupe_key) {
        channel -> Text,
        kind -> Text,
        dedupe_key -> Text,
        envelope_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    receipts (id) {
        id -> BigInt,
        envelope_id -> BigInt,
        ordinal -> BigInt,
        delivery_id -> Nullable<BigInt>,
        provider_message_id -> Text,
        provider_status -> Text,
        status -> Nullable<Text>,
        error_code -> Nullable<Text>,
        received_at -> Timestamp,
    }
}

diesel::table! {
    correspondents (id) {
        id -> BigInt,
        public_id -> Text,
        match_key -> Binary,
        kind -> Text,
        address -> Text,
        name -> Nullable<Text>,
        created_at -> Timestamp,
        owner_doubt_at -> Nullable<Timestamp>,
        succeeded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    conversations (id) {
        id -> BigInt,
        public_id -> Text,
        alert_id -> Nullable<BigInt>,
        correspondent_id -> BigInt,
        status -> Text,
        certainty -> Text,
        owner_id -> Nullable<BigInt>,
        team_id -> Nullable<BigInt>,
        channel -> Text,
        channel_kind -> Text,
        our_address -> Text,
        third_party -> Bool,
        unread -> Bool,
        preview -> Text,
        messages_count -> BigInt,
        attachments_count -> BigInt,
        candidates -> Json,
        version -> BigInt,
        first_human_at -> Nullable<Timestamp>,
        last_message_at -> Timestamp,
        created_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        urgency -> Text,
        waiting_since -> Nullable<Timestamp>,
        due_at -> Nullable<Timestamp>,
        paused_at -> Nullable<Timestamp>,
        outcome -> Nullable<Text>,
        claimed_by -> Nullable<BigInt>,
        claimed_until -> Nullable<Timestamp>,
        place -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        public_id -> Text,
        conversation_id -> BigInt,
        direction -> Text,
        channel -> Text,
        channel_kind -> Text,
        class -> Text,
        subject -> Nullable<Text>,
        text -> Text,
        folded -> Text,
        envelope_id -> Nullable<BigInt>,
        ordinal -> BigInt,
        delivery_id -> Nullable<BigInt>,
        officer_id -> Nullable<BigInt>,
        message_id_header -> Nullable<Text>,
        method -> Text,
        confidence -> Text,
        evidence -> Text,
        third_party -> Bool,
        possible_duplicate -> Bool,
        raw_sha256 -> Nullable<Binary>,
        received_at -> Timestamp,
        sender_trust -> Nullable<Text>,
        sender_evidence -> Nullable<Text>,
    }
}

diesel::table! {
    attachments (id) {
        id -> BigInt,
        message_id -> BigInt,
        ordinal -> BigInt,
        filename -> Text,
        content_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Binary,
        scan -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    conversation_events (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        kind -> Text,
        detail -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    conversation_moves (id) {
        id -> BigInt,
        correspondent_id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        from_alert_id -> Nullable<BigInt>,
        to_alert_id -> BigInt,
        before -> Json,
        moved_at -> Timestamp,
    }
}

diesel::table! {
    bounce_scores (match_key) {
        match_key -> Binary,
        score -> Double,
        last_at -> Timestamp,
    }
}

diesel::table! {
    notices (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        times -> BigInt,
        first_at -> Timestamp,
        last_at -> Timestamp,
        cleared_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        kind -> Text,
        alert_id -> Nullable<BigInt>,
        conversation_id -> Nullable<BigInt>,
        channel_kind -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    mailboxes (channel, mailbox) {
        channel -> Text,
        mailbox -> Text,
        uid_validity -> BigInt,
        last_uid -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        checked_at -> Nullable<Timestamp>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    mailbox_uids (channel, mailbox, uid_validity, uid) {
        channel -> Text,
        mailbox -> Text,
        uid_validity -> BigInt,
        uid -> BigInt,
        state -> Text,
        tries -> BigInt,
        error -> Nullable<Text>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    provider_blocks (id) {
        id -> BigInt,
        channel -> Text,
        our_number -> Text,
        match_key -> Binary,
        code -> Text,
        evidence -> Text,
        created_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        lifted_by -> Nullable<Text>,
    }
}

diesel::table! {
    replay_keys (channel, replay_key) {
        channel -> Text,
        replay_key -> Text,
        envelope_id -> BigInt,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    text_parts (id) {
        id -> BigInt,
        channel -> Text,
        match_key -> Binary,
        correspondent -> Text,
        our_number -> Text,
        reference -> Text,
        total -> BigInt,
        number -> BigInt,
        text -> Text,
        envelope_id -> BigInt,
        ordinal -> BigInt,
        received_at -> Timestamp,
        joined_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    number_faults (match_key) {
        match_key -> Binary,
        times -> BigInt,
        first_at -> Timestamp,
        last_at -> Timestamp,
    }
}

diesel::table! {
    listings (channel) {
        channel -> Text,
        listed_until -> Timestamp,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        checked_at -> Nullable<Timestamp>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    urgencies (conversation_id) {
        conversation_id -> BigInt,
        reasons -> Json,
        raised_at -> Timestamp,
        raised_by -> Nullable<BigInt>,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledged_by -> Nullable<BigInt>,
        desk_told_at -> Nullable<Timestamp>,
        level -> Text,
    }
}

diesel::table! {
    thrives (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        threat -> Text,
        harm -> Text,
        risk -> Text,
        investigation -> Text,
        vulnerability -> Text,
        engagement -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    alert_closings (alert_id) {
        alert_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        reason -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    pauses (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        reason -> Text,
        began_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    nudges (id) {
        id -> BigInt,
        officer_id -> BigInt,
        conversation_id -> BigInt,
        kind -> Text,
        detail -> Text,
        for_moment -> Timestamp,
        created_at -> Timestamp,
        seen_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    tags (id) {
        id -> BigInt,
        name -> Text,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    conversation_tags (conversation_id, tag_id) {
        conversation_id -> BigInt,
        tag_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    saved_views (id) {
        id -> BigInt,
        officer_id -> BigInt,
        name -> Text,
        query -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    audit_heads (day) {
        day -> Text,
        seq -> BigInt,
        hash -> Binary,
        mac -> Binary,
        sealed_at -> Timestamp,
    }
}

diesel::table! {
    exhibits (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        message_id -> BigInt,
        attachment_id -> Nullable<BigInt>,
        reference -> Text,
        officer_id -> BigInt,
        created_at -> Timestamp,
        sealed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    working_copies (id) {
        id -> BigInt,
        public_id -> Text,
        message_id -> BigInt,
        attachment_id -> Nullable<BigInt>,
        kind -> Text,
        filename -> Text,
        content_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Binary,
        done -> Text,
        detail -> Json,
        officer_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    exports (id) {
        id -> BigInt,
        public_id -> Text,
        conversation_id -> BigInt,
        officer_id -> BigInt,
        status -> Text,
        files_done -> BigInt,
        files_total -> BigInt,
        size_bytes -> BigInt,
        sha256 -> Nullable<Binary>,
        manifest_sha256 -> Nullable<Binary>,
        reason -> Nullable<Text>,
        tries -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    export_messages (export_id, message_id) {
        export_id -> BigInt,
        message_id -> BigInt,
    }
}

diesel::table! {
    officer_factors (officer_id) {
        officer_id -> BigInt,
        totp_sealed -> Nullable<Binary>,
        totp_step -> BigInt,
        totp_at -> Nullable<Timestamp>,
        pending_sealed -> Nullable<Binary>,
        pending_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    recovery_codes (id) {
        id -> BigInt,
        officer_id -> BigInt,
        code_digest -> Binary,
        created_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_tallies (tally_key) {
        tally_key -> Binary,
        failures -> BigInt,
        last_at -> Timestamp,
    }
}

diesel::table! {
    password_resets (id) {
        id -> BigInt,
        officer_id -> BigInt,
        token_digest -> Binary,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    officer_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        officer_id -> BigInt,
        created_at -> Timestamp,
        last_at -> Timestamp,
    }
}

diesel::table! {
    findings (message_id, start) {
        message_id -> BigInt,
        start -> BigInt,
        length -> BigInt,
        kind -> Text,
        value -> Text,
        perhaps -> Nullable<Text>,
    }
}

diesel::table! {
    search_entries (id) {
        id -> BigInt,
        message_id -> BigInt,
        kind -> Text,
        words -> Text,
        joined -> Text,
    }
}

diesel::table! {
    presences (conversation_id, officer_id) {
        conversation_id -> BigInt,
        officer_id -> BigInt,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    drafts (conversation_id, officer_id) {
        conversation_id -> BigInt,
        officer_id -> BigInt,
        text -> Text,
        saved_at -> Timestamp,
    }
}

diesel::table! {
    note_drafts (conversation_id, officer_id) {
        conversation_id -> BigInt,
        officer_id -> BigInt,
        text -> Text,
        saved_at -> Timestamp,
    }
}

diesel::table! {
    canned_answers (id) {
        id -> BigInt,
        officer_id -> Nullable<BigInt>,
        team_id -> Nullable<BigInt>,
        name -> Text,
        body -> Text,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    handovers (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        system -> Text,
        reference -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    undos (id) {
        id -> BigInt,
        token -> Text,
        officer_id -> BigInt,
        sentence -> Text,
        created_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    undo_parts (id) {
        id -> BigInt,
        undo_id -> BigInt,
        conversation_id -> BigInt,
        before -> Json,
    }
}

diesel::table! {
    outcomes (id) {
        id -> BigInt,
        alert_id -> BigInt,
        officer_id -> Nullable<BigInt>,
        token -> Text,
        sms_text -> Text,
        email_subject -> Text,
        email_body -> Text,
        mark -> BigInt,
        cursor -> BigInt,
        told_sms -> BigInt,
        told_email -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    outcome_exclusions (outcome_id, reason) {
        outcome_id -> BigInt,
        reason -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    unmasks (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        officer_id -> BigInt,
        reason -> Text,
        words -> Text,
        created_at -> Timestamp,
        until_at -> Timestamp,
    }
}

diesel::table! {
    legal_holds (id) {
        id -> BigInt,
        conversation_id -> BigInt,
        reason -> Text,
        reference -> Text,
        officer_id -> BigInt,
        from_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        lifted_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    forgotten_files (sha256) {
        sha256 -> Binary,
        since_at -> Timestamp,
    }
}

diesel::joinable!(postcodes -> areas (area_id));
diesel::joinable!(addresses -> residents (resident_id));
diesel::joinable!(resident_areas -> residents (resident_id));
diesel::joinable!(resident_areas -> areas (area_id));
diesel::joinable!(subscriptions -> residents (resident_id));
diesel::joinable!(subscriptions -> interest_groups (interest_group_id));
diesel::joinable!(consent_events -> residents (resident_id));
diesel::joinable!(teams -> areas (area_id));
diesel::joinable!(officers -> teams (team_id));
diesel::joinable!(sessions -> officers (officer_id));
diesel::joinable!(sessions -> residents (resident_id));
diesel::joinable!(idempotency_keys -> api_keys (api_key_id));
diesel::joinable!(alerts -> officers (owner_id));
diesel::joinable!(alerts -> teams (team_id));
diesel::joinable!(alert_texts -> alerts (alert_id));
diesel::joinable!(alert_areas -> alerts (alert_id));
diesel::joinable!(alert_areas -> areas (area_id));
diesel::joinable!(alert_groups -> alerts (alert_id));
diesel::joinable!(alert_groups -> interest_groups (interest_group_id));
diesel::joinable!(alert_exclusions -> alerts (alert_id));
diesel::joinable!(conversations -> alerts (alert_id));
diesel::joinable!(conversations -> correspondents (correspondent_id));
diesel::joinable!(conversations -> teams (team_id));
diesel::joinable!(messages -> conversations (conversation_id));
diesel::joinable!(messages -> officers (officer_id));
diesel::joinable!(attachments -> messages (message_id));
diesel::joinable!(export_messages -> messages (message_id));
diesel::joinable!(conversation_events -> conversations (conversation_id));
diesel::joinable!(conversation_events -> officers (officer_id));
diesel::joinable!(conversation_tags -> conversations (conversation_id));
diesel::joinable!(conversation_tags -> tags (tag_id));
diesel::joinable!(saved_views -> officers (officer_id));
diesel::joinable!(urgencies -> conversations (conversation_id));
diesel::joinable!(thrives -> conversations (conversation_id));
diesel::joinable!(alert_closings -> alerts (alert_id));
diesel::joinable!(pauses -> conversations (conversation_id));
diesel::joinable!(nudges -> conversations (conversation_id));
diesel::joinable!(nudges -> officers (officer_id));
diesel::joinable!(conversation_moves -> conversations (conversation_id));
diesel::joinable!(conversation_moves -> correspondents (correspondent_id));
diesel::joinable!(conversation_moves -> officers (officer_id));
diesel::joinable!(legal_holds -> conversations (conversation_id));
diesel::joinable!(officer_identities -> officers (officer_id));
diesel::joinable!(findings -> messages (message_id));
diesel::joinable!(search_entries -> messages (message_id));
diesel::joinable!(presences -> officers (officer_id));
diesel::joinable!(undo_parts -> undos (undo_id));
diesel::joinable!(canned_answers -> teams (team_id));
diesel::joinable!(outcomes -> alerts (alert_id));

diesel::allow_tables_to_appear_in_same_query!(
    addresses,
    alert_areas,
    alert_exclusions,
    alert_groups,
    alert_texts,
    alerts,
    api_keys,
    areas,
    attachments,
    attempts,
    audit_heads,
    audit_log,
    bounce_scores,
    canned_answers,
    codes,
    consent_events,
    conversation_events,
    conversation_moves,
    conversation_tags,
    channel_gates,
    conversations,
    correspondents,
    deliveries,
    drafts,
    envelope_keys,
    envelopes,
    events,
    exhibits,
    export_messages,
    exports,
    findings,
    handovers,
    forgotten_files,
    idempotency_keys,
    interest_groups,
    legal_holds,
    listings,
    mailbox_uids,
    mailboxes,
    messages,
    note_drafts,
    notices,
    nudges,
    number_faults,
    officer_factors,
    officer_identities,
    officers,
    outcome_exclusions,
    outcomes,
    pair_holds,
    password_resets,
    pauses,
    postcodes,
    presences,
    provider_blocks,
    receipts,
    recovery_codes,
    replay_keys,
    resident_areas,
    residents,
    saved_views,
    search_entries,
    sessions,
    settings,
    sign_in_tallies,
    subscriptions,
    suppressions,
    tags,
    teams,
    text_parts,
    undo_parts,
    undos,
    unmasks,
    urgencies,
    thrives,
    alert_closings,
    working_copies,
);
