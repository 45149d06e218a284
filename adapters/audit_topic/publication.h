#pragma once
// One partition's way into the public topic, while this node owns the partition.
//
// Operation: step() takes the events of the next frames that have landed in the views, account by account, renders and
// writes them; the last record says up to which frame of the partition's log everything has been written. There is no
// other cursor: the first step looks for the newest such mark at the topic's end and goes on behind it. So what a crash
// or another owner leaves unmarked is written again; an account's events appear for the first time in order, because
// each writer begins where everything before is there, and leaves nothing out.
//
// A topic without a mark of this log, be it new or because all its records have grown too old, is written from the
// log's first event on.
//
// Concurrency: one thread. Limits: a batch in memory, and a number for each account of the partition.

#include <map>
#include <optional>

#include "adapters/audit_topic/audit_topic.h"
#include "adapters/commands/published.h"
#include "adapters/queries/event_rendering.h"
#include "domain/slot.h"

namespace countersign::audit_topic {

/// All must outlive the publication.
struct PublicationPorts {
  const projections::Views& views;
  const commands::Published& state;
  const queries::SealOpener& opener;
  AuditTopic& topic;
  std::uint32_t partitions = 1;
};

struct PublicationLimits {
  std::size_t events = 500, bytes = 1 << 20;  ///< of a batch; one event more may be in it
  std::uint64_t frames = 200;                 ///< of a step: what is between two marks
  std::uint64_t look_back = 1'000;            ///< records; four times as many when they hold no mark
};

class Publication {
 public:
  Publication(const PublicationPorts& ports, const bus::LogIdentity& log, const PublicationLimits& limits);

  enum class Left { nothing, perhaps };
  /// Whether there is more to write. Errors: the topic's; then the next step repeats what is in doubt. Throws
  /// std::runtime_error when an event can't be read.
  boost::system::result<Left> step();

  /// As of the last step.
  std::uint64_t lag_events() const { return lag_; }
  std::uint64_t written() const { return written_; }

 private:
  struct Pending {
    domain::AccountId account;
    std::uint64_t last;  ///< sequence
  };
  struct Place {
    domain::AccountId account;
    std::uint64_t sequence;
  };
  boost::system::result<void> resume();
  std::vector<Pending> pending();
  bus::FrameNumber first_frame(const std::vector<Pending>& accounts) const;
  boost::system::result<void> write(const std::vector<Pending>& accounts, bus::FrameNumber until);
  bool take(domain::AccountId account, bus::FrameNumber until, queries::EventRenderer& renderer);
  boost::system::result<void> flush();

  const PublicationPorts ports_;
  const bus::LogIdentity log_;
  const PublicationLimits limits_;
  std::optional<bus::FrameNumber> done_;             ///< all events of frames up to here are in the topic
  std::map<domain::AccountId, std::uint64_t> next_;  ///< sequence to write
  std::vector<AuditRecord> batch_;
  std::vector<Place> places_;  ///< of the batch
  std::size_t batch_bytes_ = 0;
  std::uint64_t lag_ = 0, written_ = 0;
};

}  // namespace countersign::audit_topic
