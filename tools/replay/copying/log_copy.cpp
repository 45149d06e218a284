#include "tools/replay/copying/log_copy.h"

#include <algorithm>
#include <chrono>
#include <queue>
#include <stdexcept>

#include "adapters/commands/answer_record.h"
#include "adapters/keys/log_identity.h"
#include "domain/slot.h"
#include "tools/replay/copying/partition_writer.h"
#include "tools/replay/passed_over.h"

namespace countersign::replay {
namespace {

constexpr std::int64_t newest_records = 8;

std::string place(std::size_t partition, const Step& step) {
  return "partition " + std::to_string(partition) + ", offset " + std::to_string(bus::value(step.at.offset));
}

bus::LogIdentity identity_of(const keys::KeyStore& keys, std::size_t partition) {
  auto identity = keys::log_identity(keys);
  identity.partition = static_cast<std::uint32_t>(partition);
  return identity;
}

/// The next frame of a source; false at its end.
bool next_frame(AuditedLog& log, PassedOver& passed_over, std::size_t partition, Step& step) {
  while (log.read(step)) {
    if (const auto wrong = passed_over.take(step); !wrong.empty())
      throw std::runtime_error("the record at " + place(partition, step) + " " + wrong +
                               "; see countersign-replay verify");
    if (step.frame()) return true;
  }
  if (!passed_over.at_end().empty())
    throw std::runtime_error("partition " + std::to_string(partition) + ": " + passed_over.at_end() +
                             "; see countersign-replay verify");
  return false;
}

domain::EventView parsed(std::string_view bytes, std::size_t partition, const Step& step) {
  const auto event = domain::EventView::parse(bytes);
  if (!event)
    throw std::runtime_error(place(partition, step) +
                             " holds an event that can't be read: it is damaged, or of a later release");
  return *event;
}

std::optional<domain::AccountId> account_of_answer(std::string_view record) {
  try {
    const auto account = commands::decode_answer_record(record).account;
    return account ? std::optional(account) : std::nullopt;
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

/// A source's frames, the oldest of all first.
class Merged {
 public:
  explicit Merged(std::span<AuditedLog* const> sources) : sources_(sources), steps_(sources.size()) {
    for (std::size_t n = 0; n < sources_.size(); ++n) {
      passed_over_.emplace_back(sources_[n]->others_may_write());
      advance(n);
    }
  }
  /// Null at the end; good until the next call.
  const Step* next() {
    if (taken_) advance(*taken_);
    taken_.reset();
    if (waiting_.empty()) return nullptr;
    taken_ = waiting_.top().second;
    waiting_.pop();
    return &steps_[*taken_];
  }
  std::size_t partition() const { return *taken_; }

 private:
  void advance(std::size_t n) {
    if (next_frame(*sources_[n], passed_over_[n], n, steps_[n]))
      waiting_.emplace(bus::value(steps_[n].frame()->time), n);
  }
  using Waiting = std::pair<std::int64_t, std::size_t>;
  std::span<AuditedLog* const> sources_;
  std::vector<PassedOver> passed_over_;
  std::vector<Step> steps_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  std::optional<std::size_t> taken_;
};

/// A frame's parts by partition.
class Split {
 public:
  explicit Split(std::uint32_t partitions) : parts_(partitions) {}
  void event(std::uint32_t partition, std::string_view bytes) { part(partition).events.push_back(bytes); }
  void answer(std::uint32_t partition, std::string_view bytes) { part(partition).answers.push_back(bytes); }
  void write(bus::TimeMs time, std::vector<std::unique_ptr<PartitionWriter>>& writers) {
    for (const auto n : touched_) {
      writers[n]->frame(time, std::move(parts_[n].events), std::move(parts_[n].answers));
      parts_[n] = {};
    }
    touched_.clear();
  }

 private:
  struct Part {
    std::vector<std::string_view> events, answers;
  };
  Part& part(std::uint32_t n) {
    if (parts_[n].events.empty() && parts_[n].answers.empty()) touched_.push_back(n);
    return parts_[n];
  }
  std::vector<Part> parts_;
  std::vector<std::uint32_t> touched_;
};

[[noreturn]] void refuse_unreleased(std::size_t partition) {
  throw std::runtime_error(
      "partition " + std::to_string(partition) +
      " of the source was not released: a server writes it, or was killed. Stop every server with SIGTERM (start a "
      "killed one once more before), or copy what is there with --force");
}

}  // namespace

void require_empty(std::span<bus::PartitionLog* const> logs) {
  for (std::size_t n = 0; n < logs.size(); ++n) {
    const auto end = logs[n]->end();
    if (end.has_error())
      throw std::runtime_error("the target's partition " + std::to_string(n) +
                               " can't be read: " + end.error().message());
    if (bus::value(*end) != 0)
      throw std::runtime_error("the target's partition " + std::to_string(n) +
                               " isn't empty: a cluster writes it, or a copy was cut off");
  }
}

void require_released(std::span<bus::PartitionLog* const> logs, keys::KeyStore& keys) {
  for (std::size_t n = 0; n < logs.size(); ++n) {
    const auto end = logs[n]->end();
    if (end.has_error())
      throw std::runtime_error("the source's partition " + std::to_string(n) +
                               " can't be read: " + end.error().message());
    bus::FrameCodec codec(identity_of(keys, n), keys.cluster().log.key.view());
    bus::Offset from{std::max<std::int64_t>(0, bus::value(*end) - newest_records)};
    bool released = true;  // an empty one was never claimed
    while (from < *end) {
      const auto records = logs[n]->read(from, 1);
      if (records.has_error()) throw std::runtime_error("the source can't be read: " + records.error().message());
      if (records->empty()) break;
      for (const auto& record : *records) {
        from = bus::Offset{bus::value(record.offset) + 1};
        const auto decoded = codec.decode(record.bytes);
        if (decoded.has_value()) released = std::holds_alternative<bus::Release>(*decoded);
      }
    }
    if (!released) refuse_unreleased(n);
  }
}

LogCopy copy_log(std::span<AuditedLog* const> sources, const LogTarget& target, bool force, const Progress& progress) {
  const auto partitions = static_cast<std::uint32_t>(target.logs.size());
  const bus::TimeMs now{
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
  std::vector<std::unique_ptr<PartitionWriter>> writers;
  for (std::uint32_t n = 0; n < partitions; ++n) {
    writers.push_back(std::make_unique<PartitionWriter>(*target.logs[n], identity_of(target.keys, n),
                                                        target.keys.cluster().log.key.view()));
    writers.back()->claim(now);
  }
  LogCopy copied;
  Split split(partitions);
  Merged merged(sources);
  while (const auto* step = merged.next()) {
    const auto& frame = *step->frame();
    for (const auto bytes : frame.events) {
      const auto event = parsed(bytes, merged.partition(), *step);
      copied.tally.take(event, bytes);
      split.event(domain::partition_of(event.account(), partitions), bytes);
    }
    for (const auto record : frame.answers) {
      const auto account = account_of_answer(record);
      if (!account) {
        ++copied.answers_left_out;
        continue;
      }
      copied.tally.take_answer(*account, record);
      split.answer(domain::partition_of(*account, partitions), record);
    }
    split.write(frame.time, writers);
    if (progress) progress(0, copied.tally.events());
  }
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const auto& state = sources[n]->state();
    if (!force && !state.released && bus::value(state.term) != 0) refuse_unreleased(n);
    copied.read_to.push_back(state.next);
  }
  for (const auto& writer : writers) writer->release();
  for (const auto& writer : writers) {
    writer->finish();
    copied.frames += writer->frames();
  }
  return copied;
}

Tally read_back(const LogTarget& target, const Progress& progress) {
  Tally tally;
  const auto partitions = static_cast<std::uint32_t>(target.logs.size());
  for (std::uint32_t n = 0; n < partitions; ++n) {
    AuditedLog log(*target.logs[n], identity_of(target.keys, n), target.keys);
    PassedOver passed_over(false);  // nobody else has written yet
    Step step;
    while (next_frame(log, passed_over, n, step)) {
      for (const auto bytes : step.frame()->events) {
        const auto event = parsed(bytes, n, step);
        if (domain::partition_of(event.account(), partitions) != n)
          throw std::runtime_error(place(n, step) + " holds an event of " + account_text(event.account()) +
                                   ", which belongs elsewhere");
        tally.take(event, bytes);
      }
      for (const auto record : step.frame()->answers)
        tally.take_answer(account_of_answer(record).value_or(domain::AccountId{}), record);
      if (progress) progress(0, tally.events());
    }
    if (!log.state().released)
      throw std::runtime_error("partition " + std::to_string(n) + " of the copy isn't released");
  }
  return tally;
}

}  // namespace countersign::replay
