#include "tests/support/registers_decider.h"

#include <algorithm>

#include "bus/format.h"
#include "bus/planted.h"

namespace countersign::testing {

using bus::Bug;
using bus::planted;

namespace {

void assign(Rows& rows, std::string_view row, std::string_view value) {
  rows[std::string(row)] = value;
  auto& count = rows["#"];
  count = std::to_string((count.empty() ? 0 : std::stoull(count)) + 1);
}

}  // namespace

void fold_event(Rows& rows, std::string_view event) {
  const std::string_view assignment = event.substr(event.find('|') + 1);
  const auto equals = assignment.find('=');
  assign(rows, assignment.substr(0, equals), assignment.substr(equals + 1));
}

void fold_answer(Rows& rows, std::string_view answer) {
  const auto equals = answer.find('=');
  assign(rows, "a:" + std::string(answer.substr(0, equals)), answer.substr(equals + 1));
}

void fold_frame(Rows& rows, const bus::Frame& frame) {
  for (const auto event : frame.events) fold_event(rows, event);
  for (const auto answer : frame.answers) fold_answer(rows, answer);
}

bool RegistersBatch::run(bus::Work& work) {
  auto& register_work = static_cast<RegisterWork&>(work);
  if (!contents_.empty() && register_work.command.value.size() > decider_.largest_value_behind_others) return false;
  if (work.lane() == bus::Lane::bulk) {
    ++bulk_works;
  } else if (bulk_works > 0) {
    decider_.bulk_out_of_turn = true;
  }
  if (bulk_works > 1) decider_.bulk_out_of_turn = true;
  register_work.outcome = {};
  decide(register_work);
  return true;
}

void RegistersBatch::decide(RegisterWork& work) {
  const Command& command = work.command;
  Outcome& outcome = work.outcome;
  const std::string before = decider_.look_up(*this, "a:" + command.id);
  if (!before.empty()) {
    outcome.replayed = true;
    outcome.answer = before;
    return;
  }
  const std::string found = decider_.look_up(*this, command.row);
  switch (command.kind) {
    case Command::Kind::set: return write(work, command.row, command.value);
    case Command::Kind::issue:
      if (found.empty()) return write(work, command.row, "open");
      break;
    case Command::Kind::redeem:
      if (found == "open") return write(work, command.row, "used:" + command.id);
      break;
    case Command::Kind::enrol:
      if (!found.empty()) break;
      if (!planted(Bug::frame_before_key)) decider_.keys_.insert(command.row);
      return write(work, command.row, command.id);
    case Command::Kind::verify:
      if (found.empty() || std::stoull(command.value) > std::stoull(found))
        return write(work, command.row, command.value);
      break;
    case Command::Kind::reserve:
      if (static_cast<std::size_t>(std::ranges::count(found, holder_end)) <= most_holders)
        return write(work, command.row, (found.empty() ? std::string{holder_end} : found) + command.id + holder_end);
      break;
    case Command::Kind::give_back: {
      const auto at = found.find(holder_end + command.value + holder_end);
      if (at == std::string::npos) break;
      return write(work, command.row, std::string(found).erase(at, command.value.size() + 1));
    }
    case Command::Kind::upgrade:
      contents_.format = bus::newest_format();
      return write(work, command.row, command.value);
    case Command::Kind::look: break;
  }
  outcome.refused = true;
  outcome.answer = found;
}

void RegistersBatch::write(const RegisterWork& work, const std::string& row, const std::string& value) {
  contents_.events.push_back(work.command.id + "|" + row + "=" + value);
  contents_.answers.push_back(work.command.id + "=" + value);
  fold_event(rows, contents_.events.back());
  fold_answer(rows, contents_.answers.back());
  Outcome& outcome = const_cast<RegisterWork&>(work).outcome;
  outcome.wrote = true;
  outcome.answer = value;
}

bool RegistersBatch::full() const {
  return contents_.events.size() >= decider_.events_per_batch;
}

std::shared_ptr<bus::Batch> RegistersDecider::begin(bus::TimeMs time) {
  const std::lock_guard lock(mutex_);
  if (!batches_.empty() && !batches_.back()->published && batches_.back()->contents().empty()) batches_.pop_back();
  batches_.push_back(std::make_shared<RegistersBatch>(*this, time));
  return batches_.back();
}

void RegistersDecider::discard_unpublished() {
  const std::lock_guard lock(mutex_);
  std::erase_if(batches_, [](const auto& batch) { return !batch->published; });
}

void RegistersDecider::publish(const std::shared_ptr<bus::Batch>& batch, const bus::AcceptanceState& after) {
  if (on_visible) on_visible(after.last);
  const std::lock_guard lock(mutex_);
  auto& registers = static_cast<RegistersBatch&>(*batch);
  registers.after = after;
  registers.published = true;
}

void RegistersDecider::land(const std::shared_ptr<bus::Batch>& batch) {
  const std::lock_guard lock(mutex_);
  const auto& registers = static_cast<const RegistersBatch&>(*batch);
  for (const auto& event : registers.contents().events) {
    fold_event(views_.rows, event);
    const std::string row = event.substr(event.find('|') + 1, event.find('=') - event.find('|') - 1);
    if (planted(Bug::frame_before_key) && row.starts_with("p:")) keys_.insert(row);
  }
  for (const auto& answer : registers.contents().answers) fold_answer(views_.rows, answer);
  if (!planted(Bug::view_without_position)) views_.position = registers.after;
  std::erase(batches_, batch);
}

void RegistersDecider::absorb(const bus::AcceptedRecord& record) {
  if (on_visible) on_visible(record.after.last);
  const std::lock_guard lock(mutex_);
  if (!folded_) folded_ = views_.rows;
  fold_frame(*folded_, *record.frame());
}

void RegistersDecider::absorbed(const bus::AcceptanceState& state) {
  const std::lock_guard lock(mutex_);
  if (folded_) views_.rows = std::move(*folded_);
  folded_.reset();
  views_.position = state;
}

std::string RegistersDecider::look_up(const RegistersBatch& asking, const std::string& row) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = asking.rows.find(row); found != asking.rows.end()) return found->second;
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (batch->get() == &asking) continue;
    if (const auto found = (*batch)->rows.find(row); found != (*batch)->rows.end()) return found->second;
  }
  const auto found = views_.rows.find(row);
  return found == views_.rows.end() ? std::string() : found->second;
}

std::string RegistersDecider::visible(const std::string& row) const {
  const std::lock_guard lock(mutex_);
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (!(*batch)->published) continue;
    if (const auto found = (*batch)->rows.find(row); found != (*batch)->rows.end()) return found->second;
  }
  const auto found = views_.rows.find(row);
  return found == views_.rows.end() ? std::string() : found->second;
}

bus::FrameNumber RegistersDecider::newest_visible() const {
  const std::lock_guard lock(mutex_);
  auto newest = views_.position.last;
  for (const auto& batch : batches_)
    if (batch->published) newest = std::max(newest, batch->after.last);
  return newest;
}

std::size_t RegistersDecider::published_not_landed() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(batches_.begin(), batches_.end(), [](const auto& batch) { return batch->published; }));
}

}  // namespace countersign::testing
