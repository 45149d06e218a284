#pragma once
// One batch of commands being decided: each sees the ones before it, in an overlay that becomes readable when the
// batch's frame is durable. What one command wants written, events and the answer kept for its retry, goes into the
// frame as a whole or not at all.
//
// Concurrency: made and run on the sequencer's thread; immutable after its last run().

#include <memory>
#include <optional>
#include <vector>

#include "adapters/commands/command_work.h"
#include "adapters/commands/event_writer.h"
#include "adapters/commands/refusal_log.h"
#include "bus/frame.h"
#include "projections/views.h"

namespace countersign::commands {

class CommandBatch : public bus::Batch {
 public:
  /// `earlier`: what was decided before and has not landed, newest first.
  CommandBatch(const projections::Views& views, EventWriter& writer, RefusalLog& refusals, std::uint32_t partition,
               bus::TimeMs time, projections::Overlays earlier);

  bool run(bus::Work& opaque) override;
  bool full() const override;
  const bus::FrameContents& contents() const override { return contents_; }
  std::size_t size_bytes() const override { return overlay_->size_bytes(); }

  const std::shared_ptr<projections::Overlay>& overlay() const { return overlay_; }

 private:
  enum class Kept { yes, no_room, too_large, key_missing };
  struct Written {
    std::vector<WrittenEvent> events;
    std::size_t bytes = 0;     ///< in a frame
    std::uint16_t format = 0;  ///< to which they raise the log's
  };

  bool over_the_limit(CommandWork& work, const domain::Context& context);
  bool replay(CommandWork& work);
  void drop_counted_refusals(std::vector<domain::NewEvent>& events, const domain::Context& context);
  Kept keep(CommandWork& work, std::vector<domain::NewEvent> events, const domain::Context& context);
  Kept write(std::vector<domain::NewEvent> events, const domain::Context& context, Written& out);
  Kept keep_with_answer(CommandWork& work, Written written);
  std::optional<std::string> answer_record(CommandWork& work, const projections::ViewState& after,
                                           const Written& written) const;
  /// Whether so many bytes of one command are allowed, and fit.
  Kept judge(std::size_t bytes) const;
  static void fold(projections::Overlay& overlay, const projections::ViewState& state, const Written& written);
  void put_events(Written& written);

  const projections::Views& views_;
  EventWriter& writer_;
  RefusalLog& refusals_;
  const std::uint32_t partition_;
  const domain::UnixMs time_;
  const projections::Overlays earlier_;
  std::shared_ptr<projections::Overlay> overlay_;
  projections::ViewState state_;
  bus::FrameContents contents_;
  std::size_t bytes_ = bus::encoded_empty_bound;
};

}  // namespace countersign::commands
