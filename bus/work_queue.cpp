#include "bus/work_queue.h"

#include <algorithm>
#include <iterator>

#include "bus/planted.h"

namespace countersign::bus {

WorkQueue::Pushed WorkQueue::push(std::unique_ptr<Work>& work) {
  const Lane which = work->lane();
  const std::size_t limit = which == Lane::bulk ? limits_.bulk : limits_.interactive;
  const std::lock_guard lock(mutex_);
  if (closed_) return Pushed::closed;
  WorkLane& target = lanes_[static_cast<std::size_t>(which)];
  if (target.size() >= limit && !planted(Bug::unbounded_queue)) return Pushed::full;
  const bool first = lanes_[0].empty() && lanes_[1].empty();
  target.push_back(std::move(work));
  return first ? Pushed::first : Pushed::behind_others;
}

std::vector<std::unique_ptr<Work>> WorkQueue::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Work>> taken;
  WorkLane& interactive = lanes_[static_cast<std::size_t>(Lane::interactive)];
  WorkLane& bulk = lanes_[static_cast<std::size_t>(Lane::bulk)];
  const auto take_from = [&taken](WorkLane& from, std::size_t count) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(count, from.size()));
    std::move(from.begin(), end, std::back_inserter(taken));
    from.erase(from.begin(), end);
  };
  if (planted(Bug::bulk_ahead)) take_from(bulk, 1);
  take_from(interactive, most);
  if (interactive.empty() && taken.size() < most) take_from(bulk, 1);
  return taken;
}

void WorkQueue::put_back(std::vector<std::unique_ptr<Work>> works) {
  const std::lock_guard lock(mutex_);
  for (auto work = works.rbegin(); work != works.rend(); ++work) {
    WorkLane& target = lane(**work);
    target.push_front(std::move(*work));
  }
}

void WorkQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::vector<std::unique_ptr<Work>> WorkQueue::take_all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Work>> all;
  for (WorkLane& from : lanes_) {
    std::move(from.begin(), from.end(), std::back_inserter(all));
    from.clear();
  }
  return all;
}

std::size_t WorkQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return lanes_[0].size() + lanes_[1].size();
}

}  // namespace countersign::bus
