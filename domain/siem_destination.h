#pragma once
// A SIEM destination: a receiver to which an account's events are pushed. Decisions know what kind it is, whether it is
// paused and from where on it is to be sent events; where it is stands sealed, and its secrets stand in the key store
// only, under the name that an event gives.
//
// How far it has come is no state of the domain (ADR 11): a cursor beside the log knows, and export reports say so now
// and then. A cursor belongs to a beginning, the event by which the destination was created or last rewound.

#include <optional>

#include "domain/account.h"
#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

// --- State -----------------------------------------------------------------------------------------------------------

inline constexpr std::uint32_t most_siem_destinations = 20;  ///< of an account

/// What decisions and indexes need of a configuration; all else of it is sealed.
struct SiemDestinationTraits {
  fb::SiemProtocol protocol = fb::SiemProtocol::none;
  fb::SiemFormat format = fb::SiemFormat::native;
  bool tls = false;
  bool checkpoints = true;  ///< signed heads of the log are sent, too
  Digest content{};         ///< keyed, of all that is sealed
  Uuid secret;              ///< names what the key store holds for it; nil: nothing
  bool operator==(const SiemDestinationTraits&) const = default;
};

struct SiemDestination {
  SiemDestinationId id;
  std::uint64_t version = 0;
  UnixMs created_at = 0, updated_at = 0;
  bool paused = false;
  SiemDestinationTraits traits;
  std::uint64_t begun_by = 0;  ///< sequence of the event by which it was created or last rewound
  std::uint64_t start = 0;     ///< events behind this sequence are sent
  std::uint64_t reported = 0;  ///< the last export report says that events up to here have been sent; start before it
  Seal configuration;
  bool operator==(const SiemDestination&) const = default;
};

void evolve(SiemDestination& destination, const RecordedEvent& recorded);

// --- Commands --------------------------------------------------------------------------------------------------------

/// What is sealed of a configuration is `personal`: name and attributes.
struct SiemDestinationSettings {
  SiemDestinationTraits traits;
  Personal personal;
};

struct CreateSiemDestination {
  SiemDestinationId id;
  SiemDestinationSettings settings;
  std::optional<std::uint64_t> start;  ///< events behind this sequence; nothing: from now on, this event included
};
Decision<Done> decide(const State& state, const Context& context, const CreateSiemDestination& command);

struct UpdateSiemDestination {
  SiemDestinationId id;
  SiemDestinationSettings settings;
  std::uint64_t version = 0;  ///< that it must still have
};
Decision<Done> decide(const State& state, const Context& context, const UpdateSiemDestination& command);

struct SetSiemDestinationPaused {
  SiemDestinationId id;
  bool paused = false;
};
Decision<Done> decide(const State& state, const Context& context, const SetSiemDestinationPaused& command);

/// Its secrets are destroyed afterwards.
struct DeleteSiemDestination {
  SiemDestinationId id;
};
struct SiemDestinationDeleted {
  Uuid secret;  ///< what is to be destroyed
};
Decision<SiemDestinationDeleted> decide(const State& state, const Context& context,
                                        const DeleteSiemDestination& command);

/// Events are sent again from behind `start`. Asked twice, they are sent again twice.
struct RewindSiemDestination {
  SiemDestinationId id;
  std::uint64_t start = 0;
};
Decision<Done> decide(const State& state, const Context& context, const RewindSiemDestination& command);

}  // namespace countersign::domain
