namespace GrpcServing.Models;

/// <summary>Hears what happens to models: for logs and health. Called on the thread that does it; must return quickly.</summary>
public interface IRepositoryObserver
{
    /// <summary>The table was replaced. Calls follow each other in the order of the changes.</summary>
    void Changed(ModelTable table);

    /// <summary>Every model found at start has been loaded or has failed to load.</summary>
    void LoadCompleted(ModelTable table);

    void Loaded(ServedVersion version);

    /// <param name="version">0 when the failure is the model's as a whole.</param>
    void LoadFailed(string model, long version, string reason);

    /// <summary>A configuration could not be read while devices were checked; the load that follows reports it as a failure.</summary>
    void Skipped(string model, string reason);

    /// <summary>The last request was answered and the memory given back.</summary>
    void Retired(ServedVersion version);
}
