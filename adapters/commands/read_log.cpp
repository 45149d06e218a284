#include "adapters/commands/read_log.h"

#include <algorithm>

namespace countersign::commands {

ReadLog::Counted& ReadLog::window_of(const Reader& reader, domain::UnixMs since) {
  Key key{reader.account.uuid, reader.actor.id};
  auto it = windows_.find(key);
  if (it != windows_.end()) return it->second;
  auto whose = reader;
  if (windows_.size() >= most_) {
    whose.actor = {domain::PartyKind::system, {}};
    whose.role = domain::Role::none;
    key.actor = {};
  }
  const auto [made, fresh] = windows_.try_emplace(key, Counted{whose, {}});
  if (fresh) made->second.reads.since = since;
  return made->second;
}

void ReadLog::count(const Reader& reader, Kind kind, domain::UnixMs now) {
  const std::lock_guard lock(mutex_);
  auto& reads = window_of(reader, now).reads;
  switch (kind) {
    case Kind::list: ++reads.lists; break;
    case Kind::facets: ++reads.facets; break;
    case Kind::histogram: ++reads.histograms; break;
    case Kind::log: ++reads.log; break;
  }
}

template <class Ended>
std::vector<ReadLog::Counted> ReadLog::take(Ended ended) {
  const std::lock_guard lock(mutex_);
  std::vector<Counted> taken;
  for (auto it = windows_.begin(); it != windows_.end();) {
    if (ended(it->second)) {
      taken.push_back(it->second);
      windows_.erase(it++);
    } else {
      ++it;
    }
  }
  return taken;
}

std::vector<ReadLog::Counted> ReadLog::take_ended(domain::UnixMs now, const OfAccount& wanted) {
  return take([&](const Counted& counted) {
    return now - counted.reads.since >= window_ms && holds(wanted, counted.reader.account);
  });
}

std::vector<ReadLog::Counted> ReadLog::take_of(const OfAccount& wanted) {
  return take([&](const Counted& counted) { return holds(wanted, counted.reader.account); });
}

std::vector<ReadLog::Counted> ReadLog::take_all() {
  return take_of({});
}

void ReadLog::put_back(const Counted& counted) {
  const std::lock_guard lock(mutex_);
  auto& reads = window_of(counted.reader, counted.reads.since).reads;
  reads.lists += counted.reads.lists;
  reads.facets += counted.reads.facets;
  reads.histograms += counted.reads.histograms;
  reads.log += counted.reads.log;
  reads.since = std::min(reads.since, counted.reads.since);
}

}  // namespace countersign::commands
