#include "tools/replay/copying/partition_writer.h"

#include <optional>
#include <stdexcept>

#include "adapters/keys/random.h"
#include "bus/acceptance.h"
#include "bus/format.h"

namespace countersign::replay {
namespace {

constexpr std::size_t most_bytes_under_way = 4u << 20, most_records_under_way = 4'000;
constexpr bus::Term only_term{1};
constexpr std::string_view node = "countersign-replay copy";

}  // namespace

struct PartitionWriter::UnderWay {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t bytes = 0, records = 0;
  std::optional<boost::system::error_code> failed;
};

PartitionWriter::PartitionWriter(bus::PartitionLog& log, const bus::LogIdentity& identity, std::string_view log_key)
    : log_(log),
      partition_(identity.partition),
      codec_(identity, log_key),
      nonce_(keys::random_bytes<16>()),
      under_way_(std::make_shared<UnderWay>()) {}

PartitionWriter::~PartitionWriter() = default;

void PartitionWriter::claim(bus::TimeMs now) {
  append(codec_.encode(bus::Claim{only_term, nonce_, now, node, {}, bus::newest_format()}));
}

void PartitionWriter::frame(bus::TimeMs time, std::vector<std::string_view> events,
                            std::vector<std::string_view> answers) {
  if (time < time_)
    fail("a frame of " + std::to_string(bus::value(time)) + " ms would come behind one of " +
         std::to_string(bus::value(time_)) + " ms");
  time_ = time;
  last_ = bus::next(last_);
  ++frames_;
  append(codec_.encode(
      bus::Frame{only_term, nonce_, last_, head_, time, std::move(events), std::move(answers), bus::newest_format()}));
}

void PartitionWriter::release() {
  last_ = bus::next(last_);
  append(codec_.encode(bus::Release{only_term, nonce_, last_, head_, {}, bus::newest_format()}));
}

void PartitionWriter::append(std::string record) {
  const auto bytes = record.size();
  {
    std::unique_lock lock(under_way_->mutex);
    under_way_->changed.wait(lock, [&] {
      return under_way_->failed ||
             (under_way_->bytes < most_bytes_under_way && under_way_->records < most_records_under_way);
    });
    if (under_way_->failed) fail("a record was not written: " + under_way_->failed->message());
    under_way_->bytes += bytes;
    ++under_way_->records;
  }
  head_ = bus::head_after(head_, record);
  log_.append(std::move(record), [state = under_way_, bytes](const bus::Appended& appended) {
    const std::lock_guard lock(state->mutex);
    state->bytes -= bytes;
    --state->records;
    if (appended.outcome != bus::AppendOutcome::durable && !state->failed) state->failed = appended.reason;
    state->changed.notify_all();
  });
}

void PartitionWriter::finish() {
  std::unique_lock lock(under_way_->mutex);
  under_way_->changed.wait(lock, [&] { return under_way_->records == 0; });
  if (under_way_->failed) fail("a record was not written: " + under_way_->failed->message());
}

void PartitionWriter::fail(const std::string& what) const {
  throw std::runtime_error("partition " + std::to_string(partition_) + ": " + what);
}

}  // namespace countersign::replay
