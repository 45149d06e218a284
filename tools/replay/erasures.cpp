#include "tools/replay/erasures.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "domain/event.h"

namespace countersign::replay {
namespace {

std::vector<keys::Subject> people_in(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error(file.string() + " can't be read");
  auto people = notary::parse_people(text);
  if (const auto* line = std::get_if<std::size_t>(&people))
    throw std::runtime_error(file.string() + ":" + std::to_string(*line) + ": 'acc_... usr_...' is expected");
  return std::get<std::vector<keys::Subject>>(std::move(people));
}

}  // namespace

notary::ErasureList erasures(AuditedLog& log, const std::filesystem::path& also, const Progress& progress) {
  notary::ErasureList list{log.identity(), 0, {}};
  std::uint64_t events = 0;
  while (const auto* step = log.next()) {
    const auto* frame = step->frame();
    if (!frame) continue;
    for (const auto bytes : frame->events) {
      const auto event = domain::EventView::parse(bytes);
      ++events;
      if (!event)
        throw std::runtime_error("frame " + std::to_string(bus::value(frame->number)) + " holds an unreadable event");
      if (event->type() == domain::EventType::user_erased)
        list.people.push_back({event->account(), domain::UserId{event->subject().id}});
    }
    list.frame = bus::value(frame->number);
    if (progress) progress(list.frame, events);
  }
  if (!also.empty())
    for (const auto& subject : people_in(also))
      if (std::ranges::find(list.people, subject) == list.people.end()) list.people.push_back(subject);
  return list;
}

std::string signed_erasures(const Source& source, const std::filesystem::path& also, const Progress& progress) {
  AuditedLog log(source);
  if (!log.keys()) throw std::runtime_error("the list is signed, which takes the master key: " + log.why_no_keys());
  return notary::sign_erasures(erasures(log, also, progress), log.keys()->cluster().signing.key);
}

}  // namespace countersign::replay
