#pragma once
// A sealed text as rows carry it: everything but the key that is needed to open it again.

#include <string>

#include "domain/event.h"

namespace countersign::domain {

struct Seal {
  EventId event;        ///< names the one-use key
  Digest clear_hash{};  ///< SHA-256 of the event's clear part: the associated data
  std::string sealed;
  bool operator==(const Seal&) const = default;
  explicit operator bool() const { return !sealed.empty(); }
};

/// Whether state keeps what an event of this type seals. Only then a fold needs the hash over its clear part.
bool keeps_seal(EventType type);

/// Whether the user's own key seals the personal part of an event about `subject`, so that it is erased with the user;
/// otherwise the account's does.
bool sealed_for_user(EventType type, const Party& subject);

/// An event on its way through the folds: the view and the hash over its clear part, computed once, and not at all for
/// types whose seal nobody keeps.
struct RecordedEvent {
  EventView event;
  Digest clear_hash{};
  /// std::logic_error for a type that keeps_seal() doesn't name: what it seals could never be opened.
  Seal seal() const;
};

}  // namespace countersign::domain
