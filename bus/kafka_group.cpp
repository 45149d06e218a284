#include "bus/kafka_group.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "bus/format.h"
#include "bus/kafka_advice.h"

namespace countersign::bus {
namespace {

constexpr int look_every_ms = 100;

constexpr std::string_view prefix = "countersign/";

/// What brokers show of a member: "countersign/0.1.0/1 https://10.0.0.1:8421 node-1".
std::string name_of(const GroupMember& member) {
  return std::string(prefix) + member.release + "/" + std::to_string(member.newest_format) + " " + member.address +
         " " + member.node;
}

std::optional<GroupMember> member_named(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto next = [&name](char end) -> std::optional<std::string> {
    const auto at = name.find(end);
    if (at == name.npos) return std::nullopt;
    std::string part(name.substr(0, at));
    name.remove_prefix(at + 1);
    return part;
  };
  const auto release = next('/'), format = next(' '), address = next(' ');
  if (!address) return std::nullopt;
  GroupMember member{std::string(name), *address, *release};
  const auto [end, error] = std::from_chars(format->data(), format->data() + format->size(), member.newest_format);
  if (error != std::errc() || end != format->data() + format->size()) return std::nullopt;
  return member;
}

}  // namespace

std::vector<GroupMember> group_members(const KafkaOptions& options, const std::vector<std::string>& groups) {
  const auto within = static_cast<int>(options.answer_within.count());
  KafkaProblems problems(options);
  const KafkaClient client(RD_KAFKA_PRODUCER, options, {}, problems);
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  const KafkaAdminOptions limits(rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  std::array<char, 256> ignored{};
  rd_kafka_AdminOptions_set_request_timeout(limits.get(), within, ignored.data(), ignored.size());
  std::vector<const char*> names;
  names.reserve(groups.size());
  for (const auto& group : groups) names.push_back(group.c_str());
  rd_kafka_DescribeConsumerGroups(client.get(), names.data(), names.size(), limits.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), 2 * within));
  const auto error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  const auto refused = [](rd_kafka_resp_err_t why, const char* said) {
    return KafkaRefused(errc_of(why), std::string("asking who is in the groups: ") + said + advice_on(why));
  };
  if (error) throw refused(error, rd_kafka_err2str(error));

  std::vector<GroupMember> members;
  std::size_t count = 0;
  const auto* found =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* failed = rd_kafka_ConsumerGroupDescription_error(found[i]); rd_kafka_error_code(failed))
      throw refused(rd_kafka_error_code(failed), rd_kafka_error_string(failed));
    for (std::size_t n = 0; n < rd_kafka_ConsumerGroupDescription_member_count(found[i]); ++n) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(found[i], n);
      if (auto node = member_named(rd_kafka_MemberDescription_client_id(member))) members.push_back(*std::move(node));
    }
  }
  std::ranges::sort(members, {}, &GroupMember::node);
  return members;
}

KafkaGroup::KafkaGroup(KafkaOptions options, const std::string& group, const std::string& node,
                       const std::string& address, GroupHooks hooks, std::chrono::milliseconds session)
    : options_(std::move(options)),
      group_(group),
      hooks_(std::move(hooks)),
      problems_(options_),
      client_(RD_KAFKA_CONSUMER, options_,
              {{"group.id", group},
               {"client.id", name_of({node, address, this_release(), newest_format()})},
               {"partition.assignment.strategy", "range"},
               {"session.timeout.ms", std::to_string(session.count())},
               {"heartbeat.interval.ms", std::to_string(session.count() / 4)},
               {"enable.auto.commit", "false"},
               {"auto.offset.reset", "latest"},
               {"queued.max.messages.kbytes", "1024"}},
              problems_, {}, [this](const auto* given) { pass_on(given); }) {
  rd_kafka_poll_set_consumer(client_.get());
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

KafkaGroup::~KafkaGroup() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  rd_kafka_consumer_close(client_.get());
}

void KafkaGroup::be_member(bool wanted) {
  if (wanted == member_) return;
  if (!wanted) {
    member_ = false;
    rd_kafka_unsubscribe(client_.get());
    return hooks_.shared_out({});
  }
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client_.get(), topics.get());
  member_ = error == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (error) problems_.report("the group '" + group_ + "' can't be joined: " + rd_kafka_err2str(error));
}

void KafkaGroup::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    be_member(hooks_.fit());
    // Nothing is to be read, but a member that doesn't poll is taken for dead, and hears of no new share.
    const KafkaMessage message(rd_kafka_consumer_poll(client_.get(), look_every_ms));
    if (message && message->err)
      problems_.report("the group '" + group_ + "': " + rd_kafka_message_errstr(message.get()) +
                       advice_on(message->err));
  }
}

void KafkaGroup::pass_on(const rd_kafka_topic_partition_list_t* given) const {
  if (!member_) return;  // it came late
  if (!given) return hooks_.lost();
  std::set<std::uint32_t> partitions;
  for (int i = 0; i < given->cnt; ++i) partitions.insert(static_cast<std::uint32_t>(given->elems[i].partition));
  hooks_.shared_out(partitions);
}

}  // namespace countersign::bus
