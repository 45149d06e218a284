// GET /v1/events/facets and /v1/events/histogram: exact counts over any filter, from the index.

#include <algorithm>
#include <charconv>
#include <set>

#include "adapters/http/api/events.h"
#include "adapters/queries/rfc3339.h"
#include "projections/rows.h"

namespace countersign::http {
namespace {

namespace json = boost::json;
using projections::EventIndex;
using queries::Attribute;
using queries::EventSearch;

constexpr std::size_t most_fields = 12, most_values = 1000, usual_values = 100, most_buckets = 1000,
                      usual_buckets = 100;
constexpr std::size_t most_tries = 16;  // events of an address that are opened to show it
constexpr std::string_view erased = "(erased)";

std::size_t read_number(const Query& query, std::string_view name, std::size_t usual, std::size_t most) {
  const auto text = query.text(name);
  if (!text) return usual;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < 1 || number > most)
    throw bad_parameter(name, "a number from 1 to " + std::to_string(most) + " is expected");
  return number;
}

std::vector<const Attribute*> read_fields(const Query& query) {
  auto rest = query.text("fields").value_or("");
  std::vector<const Attribute*> fields;
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const auto* field = queries::find_attribute(name);
    if (!field || (!field->few && !field->many))
      throw bad_parameter("fields", "there is no field '" + std::string(name) + "' to count by");
    if (std::ranges::find(fields, field) != fields.end())
      throw bad_parameter("fields", "'" + std::string(name) + "' is given twice");
    fields.push_back(field);
  }
  if (fields.empty() || fields.size() > most_fields)
    throw bad_parameter("fields", "one to " + std::to_string(most_fields) + " names with commas between are expected");
  return fields;
}

/// Shows what the index holds as numbers and digests.
class FacetRenderer {
 public:
  FacetRenderer(Reads& reads, const EventIndex::Reading& reading, const EventSearch& search,
                queries::EventRenderer& renderer, domain::AccountId account)
      : reads_(reads), reading_(reading), search_(search), renderer_(renderer), account_(account) {}

  json::array render(const EventSearch::FieldCounts& counts, std::size_t most) {
    ByText by_text;
    if (counts.attribute->few) {
      for (unsigned value = 0; value < 256; ++value)
        if (counts.few[value] > 0)
          by_text[counts.attribute->few_text(static_cast<std::uint8_t>(value))].count += counts.few[value];
      return array_of(by_text, most);
    }
    std::vector<std::pair<projections::IndexValue, std::uint64_t>> largest;
    std::uint64_t gone = 0;
    for (const auto& [value, count] : counts.many) {
      if (is_erased(*counts.attribute, value))
        gone += count;
      else
        largest.emplace_back(value, count);
    }
    // Addresses are opened to be shown, and some prove to be nobody's any more: those move into one value, too.
    const auto order = [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    };
    const auto kept = std::min(most, largest.size());
    std::ranges::partial_sort(largest, largest.begin() + static_cast<std::ptrdiff_t>(kept), order);
    largest.resize(kept);
    for (const auto& [value, count] : largest) {
      auto text = text_of(*counts.attribute, value);
      if (text == erased) {
        gone += count;
        continue;
      }
      auto& counted = by_text[std::move(text)];
      counted.count += count;
      if (counts.attribute->form == Attribute::Form::text) counted.display = renderer_.name(account_, party_of(value));
    }
    if (gone > 0) by_text[std::string(erased)].count = gone;
    return array_of(by_text, most);
  }

 private:
  struct Counted {
    std::uint64_t count = 0;
    std::string display;
  };
  using ByText = std::map<std::string, Counted>;  ///< several bytes may have one text; everybody erased is one

  static json::array array_of(const ByText& by_text, std::size_t most) {
    std::vector<std::pair<std::string, Counted>> sorted(by_text.begin(), by_text.end());
    std::ranges::stable_sort(sorted, std::greater{}, [](const auto& each) { return each.second.count; });
    json::array out;
    for (const auto& [text, counted] : sorted) {
      if (out.size() == most) break;
      json::object value{{"value", text.empty() ? json::value(nullptr) : json::value(text)}, {"count", counted.count}};
      if (!counted.display.empty()) value["display"] = counted.display;
      out.push_back(std::move(value));
    }
    return out;
  }

  bool is_erased(const Attribute& attribute, const projections::IndexValue& value) {
    if (attribute.form != Attribute::Form::text) return false;
    const auto party = projections::party_of(value);
    if (party.kind != domain::PartyKind::user) return false;
    if (!erased_) {
      erased_.emplace();
      const auto prefix = projections::table_prefix(projections::Table::erased, account_);
      reads_.views().scan(prefix, prefix, [&](std::string_view key, std::string_view) {
        erased_->insert(projections::parse_erased_key(key).user.uuid);
        return true;
      });
    }
    return erased_->contains(party.id);
  }

  std::string text_of(const Attribute& attribute, const projections::IndexValue& value) {
    if (attribute.form != Attribute::Form::address || value.is_none()) return attribute.many_text(value);
    std::size_t tries = 0;
    for (std::size_t n = reading_.segments(); n-- > 0;) {
      const auto segment = reading_.segment(n);
      const auto number = segment->find(*attribute.many, value);
      if (!number) continue;
      projections::Bits bits;
      segment->match(*attribute.many, *number, bits);
      std::string address;
      bits.each_back([&](std::size_t place) {
        search_.read(segment->first_sequence() + place, [&](const domain::EventView& event, bus::FrameNumber) {
          if (const auto personal = reads_.opener().of_event(event)) address = personal->ip;
        });
        return address.empty() && ++tries < most_tries;
      });
      if (!address.empty()) return address;
      if (tries >= most_tries) break;
    }
    return std::string(erased);
  }

  Reads& reads_;
  const EventIndex::Reading& reading_;
  const EventSearch& search_;
  queries::EventRenderer& renderer_;
  const domain::AccountId account_;
  std::optional<std::set<domain::Uuid>> erased_;
};

}  // namespace

boost::asio::awaitable<Response> Events::counted(Exchange& exchange, std::function<Count(const Query&)> make) {
  auto parsed = reads_.query(exchange);
  if (const auto* problem = std::get_if<Problem>(&parsed)) co_return exchange.problem(*problem);
  const auto query = std::make_shared<const Query>(std::get<Query>(std::move(parsed)));
  const Caller caller = *exchange.caller<Caller>();
  co_await reads_.landed(caller.account);
  auto work = [this, query, caller, make] {
    std::pair<std::string, std::optional<Problem>> result;
    try {
      const auto question = EventQuestion::read(*query, caller, reads_.lookup());
      const auto count = make(*query);
      const auto reading = read_index(index_, caller.account);
      const auto state = reads_.state();
      queries::EventRenderer renderer(state, reads_.opener(), reads_.log(caller.account));
      const auto search = question.search(reading, reads_.views(), caller.account, names_, renderer);
      result.first = boost::json::serialize(count(question, search, reading, renderer));
    } catch (const Problem& problem) {
      result.second = problem;
    } catch (const queries::SearchTooCostly&) {
      result.second = search_too_costly();
    }
    return result;
  };
  auto [body, problem] = co_await reads_.on_pool(std::move(work));
  if (problem) co_return exchange.problem(*problem);
  co_return Response::json(200, std::move(body)).no_store();
}

boost::asio::awaitable<Response> Events::facets(Exchange& exchange) {
  const auto account = exchange.caller<Caller>()->account;
  return counted(exchange, [this, account](const Query& query) -> Count {
    const auto fields = read_fields(query);
    const auto most = read_number(query, "values", usual_values, most_values);
    return [this, account, fields, most](const EventQuestion&, const EventSearch& search, const auto& reading,
                                         queries::EventRenderer& renderer) {
      const auto counts = search.count(fields);
      FacetRenderer facets(reads_, reading, search, renderer, account);
      json::object by_field;
      for (const auto& field : counts.fields) by_field[field.attribute->name] = facets.render(field, most);
      return json::object{{"total", counts.total}, {"facets", std::move(by_field)}};
    };
  });
}

boost::asio::awaitable<Response> Events::histogram(Exchange& exchange) {
  return counted(exchange, [](const Query& query) -> Count {
    const auto wanted = read_number(query, "buckets", usual_buckets, most_buckets);
    return [wanted](const EventQuestion& question, const EventSearch& search, const auto&, auto&) {
      json::array buckets;
      const auto found = search.times();
      if (!found) return json::object{{"buckets", buckets}};
      const auto limits = question.range;
      const auto begin = limits.since > 0 ? limits.since : found->first;
      const auto end = limits.until < std::numeric_limits<domain::UnixMs>::max() ? limits.until : found->second + 1;
      const auto width = std::max<domain::UnixMs>(
          1, (end - begin + static_cast<domain::UnixMs>(wanted) - 1) / static_cast<domain::UnixMs>(wanted));
      std::vector<domain::UnixMs> times;
      for (auto time = begin; time < end; time += width) times.push_back(time);
      times.push_back(end);
      const auto counts = search.count_between(times);
      for (std::size_t i = 0; i < counts.size(); ++i)
        buckets.push_back({{"start", queries::rfc3339(times[i])}, {"count", counts[i]}});
      return json::object{{"buckets", std::move(buckets)}};
    };
  });
}

}  // namespace countersign::http
