"""Recognition with a network whose weights are device conductances (docs/recognition.md).

From Python: :func:`device.of_card` or :func:`device.of_synapse`, :func:`images.load`, and
:func:`run.recognise`; :func:`result.dataset` and :mod:`figures` of what comes out.
"""
