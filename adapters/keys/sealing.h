#pragma once
// Sealing the personal part of an event. The event key is one-use: HKDF-Expand(subject key, event id), so the nonce is
// zero. Associated data is the SHA-256 of the event's clear part, so a seal can't be moved to another event, and views
// that copy hash and sealed bytes can open it without the clear part. The clear part holds the commitment to the event
// key (its SHA-256): handing the key of one event to a third party discloses that event alone, and he can check it.
//
// Order when writing: event_key, commitment_to, encode the clear part with it, hash that, seal.
// Concurrency: any thread. Cost: about 2 us an event.

#include <string>
#include <string_view>

#include "adapters/keys/secret_key.h"
#include "bus/hash.h"
#include "domain/ids.h"

namespace countersign::keys {

Key event_key(const Key& subject_key, domain::EventId event);
bus::Bytes32 commitment_to(const Key& event_key);

/// Appends plaintext.size() + 16 bytes to `out`. Once per event key.
void seal(const Key& event_key, const bus::Bytes32& clear_hash, std::string_view plaintext, std::string& out);
/// Appends the plaintext and returns true; false when key, clear part or sealed bytes are not those it was sealed with.
bool open(const Key& event_key, const bus::Bytes32& clear_hash, std::string_view sealed, std::string& out);

}  // namespace countersign::keys
