#include "tests/sim/simulation.h"

#include <algorithm>

#include "bus/planted.h"
#include "tests/sim/history.h"
#include "tests/sim/node.h"

namespace countersign::sim {
namespace {

using bus::AppendFault;
using bus::AppendOutcome;
using bus::errc;
using std::chrono::milliseconds;
using testing::Command;

/// How bad this seed's world is.
struct Climate {
  explicit Climate(Random& random)
      : nodes(random.chance(0.5) ? 1 : 2 + static_cast<int>(random.below(2))),
        slow(random.chance(0.3) ? 0.2 : 0.0),
        failing(random.chance(0.7) ? 0.02 + 0.01 * static_cast<double>(random.below(20)) : 0.0),
        doubled(random.chance(0.3) ? 0.15 : 0.0),
        commands(16 + static_cast<int>(random.below(40))),
        burst(random.chance(0.3)),
        disk_fills(random.chance(0.25)),
        crashes(static_cast<int>(random.below(5))),
        forgeries(random.chance(0.5) ? 1 + static_cast<int>(random.below(6)) : 0),
        clock_jumps(random.chance(0.3) ? 3 : 0),
        moves(random.chance(0.7) ? static_cast<int>(random.below(6)) : 0) {}

  int nodes;
  double slow, failing, doubled;
  int commands;
  bool burst, disk_fills;
  int crashes, forgeries, clock_jumps, moves;
};

/// One command and what its client knows.
struct Task {
  Command command;
  int attempts = 0;
  bool waiting = false;
  bool perhaps_written = false;  ///< an attempt ended without a definite answer
  bool acknowledged = false;
  bool abandoned = false;     ///< after a definite no: nothing may have been written
  Micros asked_at = 0;        ///< of the newest attempt
  bool in_the_drain = false;  ///< was accepted before a stop and must succeed
  testing::Outcome outcome;
  std::uint64_t frame = 0;
};

constexpr Micros second = 1'000'000;
constexpr Micros chaos_ends = 3 * second;

class World {
 public:
  World(std::uint64_t seed, std::ostream* trace);
  Verdict run();

 private:
  AppendFault fault();
  void plan_commands();
  void plan_trouble();
  Command draw_command(int number);
  void attempt(std::size_t task, Node* at_node = nullptr);
  void settled(std::size_t task, Node& node, const testing::RegisterWork& work, const bus::Settlement& settlement);
  void retry(std::size_t task);
  void start(Node& node);
  void crash(Node& node, bool with_machine);
  void move_ownership();
  void look_at_freshness();
  void look_at_what_readers_see(Node& node);
  void forge();
  void calm_down();
  void audit();
  void audit_task(const History& history, const Task& task);
  void audit_views(const History& history, const testing::Views& views, const std::string& whose);
  History history() const;
  Node& any_node() { return *nodes_[random_.below(nodes_.size())]; }
  void wrong(const std::string& what);
  void trace(const std::string& what);

  Random random_;
  std::ostream* trace_;
  EventQueue events_;
  Climate climate_;
  std::shared_ptr<bus::MemoryPartition> partition_ = std::make_shared<bus::MemoryPartition>();
  std::set<std::string> keys_;
  bool calm_ = false;
  bool disk_full_ = false;
  Verdict verdict_;
  std::vector<Task> tasks_;
  std::vector<std::pair<Micros, std::uint64_t>> acknowledged_;  ///< when, and the frame it rests on
  int owner_ = 0;
  Node::Surroundings around_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

World::World(std::uint64_t seed, std::ostream* trace)
    : random_(seed),
      trace_(trace),
      climate_(random_),
      around_{events_,
              random_,
              partition_,
              keys_,
              {},
              {},
              0,
              [this](const std::string&) { return fault(); },
              [this](const std::string& what) { this->trace(what); },
              [this](const std::string& what) { wrong(what); }} {
  around_.identity.cluster[0] = 7;
  auto& sequencer = around_.limits.sequencer;
  sequencer.queue = {8, 4};
  sequencer.works_per_batch = 1 + random_.below(6);
  sequencer.frames_in_flight = 1 + random_.below(4);
  sequencer.retry_after = milliseconds(20);
  sequencer.give_up_after = milliseconds(800);
  sequencer.confirm_unwritten = climate_.nodes > 1;
  around_.limits.look_every = milliseconds(20 + random_.below(200));
  around_.limits.claim_again_after = milliseconds(50);
  around_.landing_jitter = random_.chance(0.3) ? 200'000 : 2'000;
  for (int i = 0; i < climate_.nodes; ++i) nodes_.push_back(std::make_unique<Node>(around_, i));
}

void World::trace(const std::string& what) {
  if (trace_) *trace_ << events_.now() / 1000 << " ms: " << what << "\n";
}

void World::wrong(const std::string& what) {
  trace("WRONG: " + what);
  if (verdict_.wrong.empty()) verdict_.wrong = what;
}

AppendFault World::fault() {
  AppendFault fault;
  fault.write_delay = milliseconds(random_.below(3));
  fault.sync_delay = milliseconds(random_.below(3));
  fault.report_delay = milliseconds(random_.below(4));
  if (calm_) return fault;
  if (disk_full_) {
    fault.fate = AppendFault::Fate::lost;
    fault.outcome = AppendOutcome::not_written;
    fault.reason = errc::no_space;
    return fault;
  }
  if (random_.chance(climate_.slow)) fault.sync_delay = milliseconds(random_.below(1500));
  if (random_.chance(climate_.doubled)) fault.fate = AppendFault::Fate::doubled;
  if (!random_.chance(climate_.failing)) return fault;
  fault.outcome = AppendOutcome::in_doubt;
  fault.reason = errc::io_error;
  fault.late_by = milliseconds(random_.below(600));
  switch (random_.below(5)) {
    case 0: fault.fate = AppendFault::Fate::lost; break;
    case 1: fault.fate = AppendFault::Fate::torn; break;
    case 2: fault.fate = AppendFault::Fate::late; break;
    case 3: fault.fate = AppendFault::Fate::written; break;
    default:
      fault.fate = AppendFault::Fate::lost;
      fault.outcome = AppendOutcome::not_written;
      break;
  }
  return fault;
}

Command World::draw_command(int number) {
  Command command;
  command.kind = static_cast<Command::Kind>(random_.below(8));
  command.id = std::to_string(number);
  if (random_.chance(0.15)) {
    command.lane = bus::Lane::bulk;
    command.id = "bulk" + command.id;
  }
  command.value = "v" + command.id;
  const auto row = [&](const char* table, std::uint64_t of) { return table + std::to_string(random_.below(of)); };
  switch (command.kind) {
    case Command::Kind::enrol: command.row = row("p:", 40); break;
    case Command::Kind::set:
    case Command::Kind::look: command.row = row("r:", 4); break;
    case Command::Kind::verify:
      command.row = row("o:", 2);
      command.value = std::to_string(number / 4);  // many try the same one
      break;
    case Command::Kind::reserve: command.row = row("l:", 2); break;
    case Command::Kind::give_back: {
      command.row = row("l:", 2);
      if (tasks_.empty()) break;
      // Of some earlier command: often of one that holds an activation, or did, or never will.
      const Command& earlier = tasks_[random_.below(tasks_.size())].command;
      command.value = earlier.id;
      if (earlier.kind == Command::Kind::reserve) command.row = earlier.row;
      break;
    }
    default: command.row = row("c:", 4);
  }
  return command;
}

void World::plan_commands() {
  for (int i = 0; i < climate_.commands; ++i) {
    Task task;
    task.command = draw_command(i);
    tasks_.push_back(std::move(task));
    const Micros when = climate_.burst ? static_cast<Micros>(random_.below(4)) * second / 2
                                       : static_cast<Micros>(random_.below(2 * second));
    events_.at(when, [this, at = tasks_.size() - 1] { attempt(at); });
  }
}

void World::plan_trouble() {
  const auto some_time = [this] { return static_cast<Micros>(random_.below(chaos_ends)); };
  for (auto& node : nodes_) events_.at(node->number() * some_time() / 2, [this, &node] { start(*node); });
  if (nodes_.size() > 1)
    for (int i = 0; i < climate_.moves; ++i) events_.at(some_time(), [this] { move_ownership(); });
  for (int i = 0; i < 20; ++i) events_.at(some_time(), [this] { look_at_freshness(); });
  for (int i = 0; i < 200; ++i) events_.at(some_time(), [this] { look_at_what_readers_see(any_node()); });
  for (int i = 0; i < climate_.crashes; ++i) {
    events_.at(some_time(), [this] { crash(any_node(), random_.chance(0.5)); });
  }
  for (Micros when = second / 4; when < chaos_ends; when += second / 4) {
    events_.at(when, [this] {
      Node& node = any_node();
      if (node.failed()) crash(node, false);
      if (!node.up()) start(node);
    });
  }
  for (int i = 0; i < climate_.forgeries; ++i) events_.at(some_time(), [this] { forge(); });
  for (int i = 0; i < climate_.clock_jumps; ++i) {
    events_.at(some_time(),
               [this] { any_node().clock_offset_ms = static_cast<std::int64_t>(random_.below(8000)) - 4000; });
  }
  if (climate_.disk_fills) {
    events_.at(second / 2, [this] { disk_full_ = true; });
    events_.at(second, [this] { disk_full_ = false; });
  }
}

void World::start(Node& node) {
  if (node.up()) return;
  ++verdict_.starts;
  audit_views(history(), node.views(), "at a start");
  node.start(owner_ == node.number() || random_.chance(0.5));
}

/// Hints may be late, or given to two nodes, or to none: who owns is what the log says.
void World::move_ownership() {
  owner_ = static_cast<int>(random_.below(nodes_.size()));
  trace("node " + std::to_string(owner_) + " should own the partition");
  for (auto& node : nodes_) {
    if (random_.chance(0.2)) continue;
    events_.after(static_cast<Micros>(random_.below(100'000)),
                  [this, &node, wanted = node->number() == owner_] { node->own(wanted); });
  }
}

/// A node that says it was at the log's end at some time shows all that had been acknowledged by then.
void World::look_at_freshness() {
  Node& node = any_node();
  if (!node.up()) return;
  const auto at_end = node.partition().status().at_end;
  if (!at_end) return;
  const auto when = std::chrono::duration_cast<std::chrono::microseconds>(at_end->time_since_epoch()).count();
  const auto shown = value(node.partition().durable_frame());
  for (const auto& [time, frame] : acknowledged_)
    if (time < when && frame > shown)
      wrong("node " + std::to_string(node.number()) + " shows frame " + std::to_string(shown) + " as of " +
            std::to_string(when / 1000) + " ms, when frame " + std::to_string(frame) + " had been acknowledged");
}

/// Readers see all that is acknowledged in frames up to durable_frame(), and nothing beyond judged_frame().
void World::look_at_what_readers_see(Node& node) {
  if (!node.up()) return;
  const std::string name = "node " + std::to_string(node.number());
  const auto all = value(node.partition().durable_frame()), most = value(node.partition().judged_frame());
  const auto newest = value(node.decider().newest_visible());
  if (newest > most)
    wrong(name + " shows frame " + std::to_string(newest) + " and says that nobody sees more than " +
          std::to_string(most));
  for (const auto& task : tasks_)
    if (task.acknowledged && task.outcome.wrote && task.frame <= all &&
        node.decider().visible("a:" + task.command.id).empty())
      wrong(name + " says that all see frame " + std::to_string(all) + " and doesn't show " +
            std::to_string(task.frame));
}

void World::crash(Node& node, bool with_machine) {
  if (!node.up()) return;
  trace("node " + std::to_string(node.number()) + (with_machine ? " loses power" : " dies"));
  node.crash(with_machine);
  // Only a machine of its own takes the log's unsynced bytes with it.
  if (with_machine && nodes_.size() == 1) {
    partition_->lose_unsynced(random_.below(partition_->unsynced() + 1), random_.chance(0.5));
  }
}

void World::attempt(std::size_t at, Node* at_node) {
  Task& task = tasks_[at];
  if (task.acknowledged || task.abandoned || task.waiting || (task.attempts >= 12 && !calm_)) return;
  ++task.attempts;
  Node* chosen = at_node ? at_node : &any_node();
  if (!at_node && !chosen->serving() && random_.chance(0.8)) {
    for (auto& node : nodes_) {
      if (node->serving()) chosen = node.get();
    }
  }
  if (!chosen->up()) return retry(at);
  Node& node = *chosen;
  // A work that goes without having been settled, while its sequencer lives, was forgotten.
  struct Ending {
    World& world;
    Node& node;
    std::size_t at;
    int times = 0;
    ~Ending() {
      if (times != 0) return;
      if (!node.crashing() && !world.calm_) world.wrong("a work was forgotten: " + world.tasks_[at].command.id);
      world.tasks_[at].waiting = false;
      world.tasks_[at].perhaps_written = true;
      world.retry(at);
    }
  };
  auto ending = std::make_shared<Ending>(*this, node, at);
  std::unique_ptr<bus::Work> work = std::make_unique<testing::RegisterWork>(
      task.command, [this, ending](const testing::RegisterWork& done, const bus::Settlement& settlement) {
        if (++ending->times > 1) wrong("a work was settled twice");
        settled(ending->at, ending->node, done, settlement);
      });
  const std::size_t depth = node.partition().status().sequencer.queue_depth;
  const auto refused = node.partition().submit(work);
  if (refused) {
    ++ending->times;
    return retry(at);
  }
  const auto& queue = around_.limits.sequencer.queue;
  if (depth >= queue.interactive + queue.bulk + 1 && depth >= 40) wrong("the queue has no bound");
  if (task.command.lane == bus::Lane::interactive && depth >= queue.interactive + queue.bulk + 12) {
    wrong("the queue took more than it may");
  }
  task.waiting = true;
  task.asked_at = events_.now();
}

void World::retry(std::size_t at) {
  events_.after(static_cast<Micros>(20'000 + random_.below(200'000)), [this, at] { attempt(at); });
}

void World::settled(std::size_t at, Node& node, const testing::RegisterWork& work, const bus::Settlement& settlement) {
  Task& task = tasks_[at];
  task.waiting = false;
  if (node.decider().published_not_landed() > around_.limits.sequencer.landing.batches) wrong("too much waits to land");
  if (settlement.error) {
    trace("command " + task.command.id + ": " + settlement.error.message());
    if (settlement.error == errc::outcome_unknown) task.perhaps_written = true;
    if (task.in_the_drain) wrong("a drain left work behind");
    if (!task.perhaps_written && random_.chance(0.4)) task.abandoned = true;
    return retry(at);
  }
  trace("command " + task.command.id + (work.outcome.refused ? " refused " : " done ") + work.outcome.answer +
        " at frame " + std::to_string(value(settlement.frame)));
  if (work.outcome.wrote && node.decider().visible("a:" + task.command.id).empty()) {
    wrong("an answer was given before its effect could be seen");
  }
  task.acknowledged = true;
  ++verdict_.acknowledged;
  task.outcome = work.outcome;
  task.frame = value(settlement.frame);
  // What had been acknowledged before it was asked, its answer rests on.
  for (const auto& [time, frame] : acknowledged_)
    if (time < task.asked_at && frame > task.frame)
      wrong("command " + task.command.id + " was answered as of frame " + std::to_string(task.frame) + ", and frame " +
            std::to_string(frame) + " had been acknowledged before");
  acknowledged_.emplace_back(events_.now(), task.frame);
  for (auto& each : nodes_) look_at_what_readers_see(*each);
}

History World::history() const {
  return read_history(partition_->read(bus::Offset{}, SIZE_MAX), around_.identity, sim_log_key);
}

/// A record that is right in all but one thing, or a copy of another, or rubbish.
void World::forge() {
  const History now = history();
  const bus::AcceptanceState& state = now.state;
  bus::FrameCodec codec(around_.identity, sim_log_key);
  bus::Frame frame{state.term, state.nonce, bus::next(state.last), state.head, state.time, {"forged|r:1=evil"}, {}};
  std::string record;
  switch (random_.below(9)) {
    case 0: record = "rubbish"; break;
    case 1: record = bus::FrameCodec(around_.identity, "a stranger's key").encode(frame); break;
    case 2: frame.term = bus::Term{value(state.term) - 1}; break;
    case 3: frame.nonce[3] ^= 1; break;
    case 4: frame.number = bus::next(frame.number); break;
    case 5: frame.previous[7] ^= 1; break;
    case 6: record = codec.encode(bus::Claim{state.term, bus::Nonce{66}, state.time, "rival", ""}); break;
    case 7: {
      bus::LogIdentity other = around_.identity;
      other.partition = 3;
      record = bus::FrameCodec(other, sim_log_key).encode(frame);
      break;
    }
    default: {
      const auto all = partition_->read(bus::Offset{}, SIZE_MAX);
      record = all.empty() ? "rubbish" : all[random_.below(all.size())].bytes;
    }
  }
  if (record.empty()) record = codec.encode(frame);
  trace("a record is forged");
  partition_->write(record);
  partition_->sync();
}

void World::calm_down() {
  calm_ = true;
  disk_full_ = false;
  for (auto& node : nodes_) {
    verdict_.resolves += node->resolves;
    crash(*node, false);
  }
  events_.run_until(chaos_ends + 3 * second);  // what is late turns up
  Node& last = *nodes_.front();
  last.clock_offset_ms = std::max<std::int64_t>(0, value(history().state.time) - sim_epoch_ms - events_.now() / 1000);
  start(last);
  last.own(true);
  for (int i = 0; i < 4 && !last.serving(); ++i)  // a claim of a former life may still turn up and win
    events_.run_until(events_.now() + second / 2);
  for (std::size_t i = 0; i < tasks_.size(); ++i) attempt(i);
  events_.run_until(events_.now() + 8 * second);
  for (int i = 0; i < 5; ++i) {
    Task task;
    task.command = {Command::Kind::set, "last" + std::to_string(i), "r:0", "drained", {}};
    task.in_the_drain = true;
    tasks_.push_back(std::move(task));
    attempt(tasks_.size() - 1, &last);
  }
  last.stop();
  events_.run_until(events_.now() + 2 * second);
  if (!last.stopped()) wrong("the last node did not stop");
}

void World::audit() {
  const History all = history();
  verdict_.frames = all.frames.size();
  if (!all.wrong.empty()) wrong(all.wrong);
  for (const Task& task : tasks_) audit_task(all, task);
  for (auto& node : nodes_) audit_views(all, node->views(), "at the end");
  const testing::Views& last = nodes_.front()->views();
  if (value(last.position.last) + 1 != value(all.state.last))
    wrong("the views are not at the last frame before the release");
  for (const auto& [row, enrolled_by] : all.fold(UINT64_MAX)) {
    if (row.starts_with("p:") && !keys_.contains(row)) wrong("a frame needs a key that is lost: " + row);
  }
  bus::MemoryLog log(partition_);
  bus::FrameReader reader(log, around_.identity, sim_log_key, {});
  while (*reader.next()) continue;
  for (const auto count : reader.ignored()) verdict_.ignored += count;
  if (reader.state() != all.state) wrong("acceptance disagrees with the judge's own reading");
}

void World::audit_task(const History& all, const Task& task) {
  const std::string name = "command " + task.command.id + ": ";
  const auto frame = all.frame_of(task.command.id);
  if (task.abandoned && frame) wrong(name + "answered as not written, and yet in the history");
  if (task.abandoned) return;
  if (!task.acknowledged) return wrong(name + "never acknowledged");
  if (task.outcome.refused) {
    if (frame) wrong(name + "refused, and yet in the history");
    if (!all.had_value(task.command.row, task.outcome.answer, task.frame)) {
      wrong(name + "refused because of '" + task.outcome.answer + "', which was not so at frame " +
            std::to_string(task.frame));
    }
  } else if (!frame) {
    wrong(name + "acknowledged and not in the history");
  } else if (task.outcome.wrote && *frame != task.frame) {
    wrong(name + "is in another frame than it was told");
  } else if (task.outcome.replayed && *frame > task.frame) {
    wrong(name + "its answer was given again before its frame");
  }
}

void World::audit_views(const History& all, const testing::Views& views, const std::string& whose) {
  const std::uint64_t position = value(views.position.last);
  if (position == 0) {
    if (!views.rows.empty()) wrong("views without a position " + whose);
    return;
  }
  if (position > value(all.state.last)) return wrong("views are ahead of the log " + whose);
  if (views.rows != all.fold(position)) wrong("views are not a fold of the log " + whose);
  if (std::ranges::find(all.states, views.position) == all.states.end())
    wrong("the views' position is not a state of the log " + whose);
}

Verdict World::run() {
  plan_commands();
  plan_trouble();
  events_.run_until(chaos_ends);
  calm_down();
  audit();
  return verdict_;
}

}  // namespace

Verdict simulate(std::uint64_t seed, std::ostream* trace) {
  World world(seed, trace);
  return world.run();
}

}  // namespace countersign::sim
