namespace GrpcServing.Shadowing;

/// <summary>Hears what happens to shadows: for the log. Called on the thread that does it; must return quickly and never throw.</summary>
internal interface IShadowObserver
{
    void Started(ShadowSession session);

    /// <summary>A shadow that a model's configuration asks for could not be started.</summary>
    void StartFailed(string model, string reason);

    /// <summary>The verdict or the state is another than before.</summary>
    void Changed(ShadowSession session, ShadowReading before, ShadowReading now);

    void Ended(ShadowSession session, ShadowReading last);

    /// <summary>A bug: the shadow ends, nothing else is touched.</summary>
    void Failed(ShadowSession session, Exception bug);
}
