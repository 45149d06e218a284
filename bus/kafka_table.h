#pragma once
// A compacted Kafka topic with one partition as a shared table: a record is a row, its key the row's, no value
// (a tombstone) deletes.
//
// Operation: reads by a consumer of its own with explicit offsets, without a group; writes as
// bus/kafka_table_writer.h says. While brokers don't answer, following waits for them. Records without a key, and
// markers of transactions that strangers make, are skipped. Concurrency: any thread; apply() runs on the thread that
// follows, and may call put() but neither caught_up() nor stop().
// Errors: as KafkaReader's; newest_problem() has the words for it.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "bus/kafka_table_writer.h"

namespace countersign::bus {

class KafkaTable final : public SharedTable {
 public:
  /// `options.topic`: the table's. Reaches no broker yet. Throws KafkaRefused.
  explicit KafkaTable(KafkaOptions options, std::chrono::milliseconds say_current_every = std::chrono::seconds(60));
  ~KafkaTable() override;

  boost::system::result<Offset> put(std::span<const TableRow> rows) override { return writer_.put(rows); }
  boost::system::result<Offset> read(Offset from, const Apply& apply) override;
  void follow(Offset from, Apply apply) override;
  void stop() override;
  bool caught_up(std::chrono::milliseconds within) override;
  Offset position() const override;

  std::string newest_problem() const { return problems_.newest(); }

 private:
  using Clock = std::chrono::steady_clock;

  boost::system::error_code start_at(std::int64_t from);
  void stop_fetching();
  boost::system::result<std::vector<TableRow>> take(Clock::time_point until);
  boost::system::result<std::int64_t> ask_end(Clock::time_point until);
  boost::system::error_code failed(rd_kafka_resp_err_t error, const std::string& doing);
  void follow_on(const Apply& apply);
  bool hand_over(const Apply& apply, std::span<const TableRow> rows);
  bool stopped_within(std::chrono::milliseconds time);

  const KafkaOptions options_;
  const std::chrono::milliseconds say_current_every_;
  KafkaProblems problems_;
  KafkaTableWriter writer_;
  KafkaClient client_;
  KafkaTopic topic_;
  KafkaQueue queue_;       ///< null: nothing is being fetched
  std::int64_t next_ = 0;  ///< all before it was taken
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::int64_t applied_ = 0;  ///< all before it was applied
  std::thread thread_;
};

}  // namespace countersign::bus
