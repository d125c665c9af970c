import type { AnswerHead, StreamFormat } from '../format.ts';
import { parseObject, textOf } from '../json_object.ts';
import { uiMessageFinishOf } from './ui_message_end.ts';
import { UiMessageReader } from './ui_message_reader.ts';
import { UiMessageWriter } from './ui_message_writer.ts';

function headOf({ id, model, provider, instance }: AnswerHead, messageId = id) {
  return { messageId, metadata: { provider, model, instance } };
}

/** The AI SDK's UI message stream, as `useChat` reads it. No provider speaks it. */
export const uiMessageFormat: StreamFormat = {
  reader: () => new UiMessageReader(),
  writer: (head) => new UiMessageWriter(headOf(head)),
  resumedWriter: (events, head) => {
    const [first] = events;
    if (first === undefined) return new UiMessageWriter(headOf(head));
    const writer = new UiMessageWriter(headOf(head, textOf(parseObject(first)?.messageId) || head.id));
    writer.begin();
    const reader = new UiMessageReader();
    for (const data of events) for (const part of reader.read(data)) writer.write(part);
    return writer;
  },
  finishOf: uiMessageFinishOf,
};
